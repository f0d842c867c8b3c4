"""The section of loads and conditions that are not the everyday one."""
import socket, subprocess, sys
from functools import partial

import generators, rivals, storms
from gateways import api_key, gateway, log_out
from keys import request, requests, spoil
from lab import ask, eventually, free_port, stop
from processes import HERE, NotThere
from rows import Row

TITLE = "Scenarios"
TEXT = """One event loop and one processor for the gateway where a row says nothing else, 64 connections, deny-list asked in
Redis (`query`). What is under test is all that its row names: nginx and Envoy count where they stand before the gateway."""


def with_certificate(bench):
    """A certificate for loopback, made once."""
    def make():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.crt"], check=True, capture_output=True,
                       cwd=bench.folder)
        return True
    bench.shared("certificate", make)


def secure_gateway(bench):
    with_certificate(bench)
    return gateway(bench, listener=", tls: {certificate: tls.crt, private_key: tls.key, http2: true}")


def secure_nginx(bench):
    with_certificate(bench)
    # As many as there are streams at once: with fewer idle connections it makes new ones for the rest, again and again.
    return rivals.nginx(bench, idle=1024, listen=" ssl http2",
                        more=f" ssl_certificate {bench.folder}/tls.crt; ssl_certificate_key {bench.folder}/tls.key;")


def behind_slow_redis(mode):
    def start(bench):
        port = free_port()
        bench.serve(sys.executable, HERE / "slow_redis.py", port, bench.redis_port, 5, port=port, pin=bench.load_pin, name="slow-redis")
        return gateway(bench, mode, redis_port=port)
    return start


def under_envoy(bench):
    server = gateway(bench)
    if ask(server.port, "/auth/ext-authz/api/hello")[0] == 404:
        raise NotThere("this build of the gateway has no /auth/ext-authz")
    return rivals.envoy_external(bench, server)


def with_own_redis(policy, mode="query"):
    """A gateway whose Redis ends once it has answered for a while."""
    def start(bench):
        redis = bench.start_redis(bench.load_pin)
        server = gateway(bench, mode, policy=policy, more=", stale_grace: 1h", redis_port=redis.port)
        server.redis = redis
        return server
    return start


def end_redis(server):
    stop(server.redis)


def in_cluster(bench):
    """Three primaries; the one that owns the slot of the prefix is asked."""
    ports = start_cluster(bench, bench.load_pin)
    nodes = ",".join(f"127.0.0.1:{port}" for port in ports)
    return gateway(bench, redis_url=f"redis+cluster://{nodes}", redis_options='command_timeout: 1s, key_prefix: "{bench}:"')


def cluster_port():
    """A free port with a free one ten thousand above it, where a node's bus listens: outgoing connections may have that."""
    for _ in range(100):
        port = free_port()
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port + 10_000))
                return port
            except OSError:
                continue
    raise NotThere("no free port for the bus of a Redis Cluster")


def start_cluster(bench, pin, count=3):
    ports = []
    for _ in range(count):
        port = cluster_port()
        bench.start_redis(pin, "--cluster-enabled", "yes", port=port)
        ports.append(port)
    subprocess.run(["redis-cli", "--cluster", "create", *(f"127.0.0.1:{port}" for port in ports), "--cluster-yes"], check=True,
                   capture_output=True)

    def is_whole():
        return all("cluster_state:ok" in subprocess.run(["redis-cli", "-p", str(port), "CLUSTER", "INFO"], capture_output=True,
                                                        text=True).stdout for port in ports)

    if not eventually(is_whole):
        raise NotThere("the Redis Cluster does not come together")
    return ports


def rows(bench, keys):
    def good(path="/api/hello", count=1000, algorithm="RS256"):
        return requests(keys.tokens(algorithm, count), path)

    def ours(name, start, messages, **more):
        return Row(name, start, messages, is_ours=True, **more)

    def one_percent_revoked(server):
        tokens = keys.tokens("RS256")
        log_out(server.port, tokens[::100])
        return requests(tokens)

    def half_invalid(server):
        tokens = keys.tokens("HS256")
        return requests([spoil(token) if index % 2 else token for index, token in enumerate(tokens)])

    def with_key(server):
        return [request("/api/hello", fields=f"X-API-Key: {api_key(bench, server)}\r\n")]

    def own_redis(bench):
        # Revoked tokens must stay those of this row.
        return gateway(bench, redis_port=bench.start_redis(bench.load_pin).port)

    both = bench.pin(bench.all_cpus)
    made = [
        ours("one hot token", gateway, good(count=1)),
        ours("50,000 tokens in turn, HS256", gateway, lambda server: good(count=50_000, algorithm="HS256")),
        ours("1 % of the tokens revoked", own_redis, one_percent_revoked, expected=(200, 401), shares={401: 0.01}),
        ours("half of the tokens invalid", gateway, half_invalid, expected=(200, 401), shares={401: 0.5}),
        ours("API key", lambda bench: gateway(bench, issues=True), with_key),
    ]
    # With its own 8 buffers of 4 KiB it writes long answers to a file and takes twice as long for them.
    large = " proxy_buffers 16 128k; proxy_buffer_size 128k;"
    for size, connections in (("1KiB", 64), ("1MiB", 16)):
        made += [
            Row(f"bodies of {size}, nginx, no auth", partial(rivals.nginx, more=large), good(f"/api/{size}"), connections=connections, is_bound=True),
            ours(f"bodies of {size}", gateway, good(f"/api/{size}"), connections=connections),
        ]
    made += [
        Row("one connection, nginx, no auth", rivals.nginx, good(), connections=1, is_bound=True),
        ours("one connection, query", gateway, good(), connections=1),
        ours("one connection, mirror", lambda bench: gateway(bench, "mirror"), good(), connections=1),
        Row("8,000 connections, nginx, no auth", partial(rivals.nginx, idle=8000), good(), connections=8000, is_bound=True, seconds_factor=2),
        ours("8,000 connections", partial(gateway, idle=8000), good(), connections=8000, seconds_factor=2),
        ours("8,000 connections, 64 to the upstream", partial(gateway, idle=64, most=64), good(), connections=8000, seconds_factor=2),
    ]
    for name, flags in (("TLS", ["--h1"]), ("HTTP/2 over TLS, 10 streams each", ["-m10"])):
        made += [
            Row(f"{name}, nginx, no auth", secure_nginx, good(count=1), drive=generators.h2load(*flags), is_bound=True),
            ours(name, secure_gateway, good(count=1), drive=generators.h2load(*flags)),
        ]
    made += [
        ours("/auth/verify under nginx auth_request", lambda bench: rivals.nginx_auth_request(bench, gateway(bench)), good()),
        ours("/auth/ext-authz under Envoy", under_envoy, good()),
        ours("Redis 5 ms away, query", behind_slow_redis("query"), good()),
        ours("Redis 5 ms away, mirror", behind_slow_redis("mirror"), good()),
        ours("Redis down, closed", with_own_redis("closed"), good(), before=end_redis, expected=(503,)),
        ours("Redis down, stale", with_own_redis("stale"), good(), before=end_redis),
        ours("Redis down, open", with_own_redis("open"), good(), before=end_redis),
        ours("Redis Cluster, three primaries", in_cluster, good()),
        ours("two processors, one event loop", lambda bench: gateway(bench, pin=both), good()),
        ours("two processors, two event loops", lambda bench: gateway(bench, workers=2, pin=both), good()),
    ]
    return made + storms.rows(bench, keys)
