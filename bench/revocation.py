#!/usr/bin/env python3
"""Measures what revocation takes: how soon it holds elsewhere, what an outage costs, what a long deny-list costs, failover.

    revocation.py --gateway PATH [--only propagation …] [--quick]

Runs the given binary on loopback with Redis servers, sentinels and a backend of its own, and prints one table. Wants
python3, redis-server, redis-cli, wrk and nginx. --quick takes counts that only show that the script runs.
"""
import argparse, hashlib, re, select, signal, socket, subprocess, sys, time, uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))
import lab as support
from lab import Lab, ask, connect, cpu_seconds, eventually, free_port, read_answer, request, stop, token

PREFIX = "portcullis:"
FOREIGN = hashlib.sha256(support.ISSUER.encode()).hexdigest()[:16] + ":"


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def milliseconds(values, shares=(0.5, 0.99, 0.999)):
    names = {0.5: "p50", 0.99: "p99", 0.999: "p99.9"}
    return ", ".join(f"{names[s]} {percentile(values, s) * 1e3:.2f} ms" for s in shares) + f", most {max(values) * 1e3:.2f} ms"


def bearer(text):
    return f"Authorization: Bearer {text}\r\n"


class Caller:
    """Asks one gateway over one connection, one request at a time."""

    def __init__(self, port):
        self.connection = connect(port)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, target, credential, method="GET"):
        self.connection.sendall(request(target, method=method, fields=bearer(credential)))

    def has_answer(self):
        return bool(select.select([self.connection], [], [], 0)[0])

    def receive(self):
        return read_answer(self.connection)[0]

    def ask(self, target, credential, method="GET"):
        self.send(target, credential, method)
        return self.receive()


def wrk(lab, gateway, credential, seconds, connections=16, wait=True):
    """Has wrk ask; the process, or with `wait` how many requests it made and how many did not succeed."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-H", f"Authorization: Bearer {credential}",
            f"http://127.0.0.1:{gateway.port}/api/x"]
    if not wait:
        return lab.start(*argv)
    out = subprocess.run(argv, capture_output=True, text=True).stdout
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return int(re.search(r"(\d+) requests in", out).group(1)), int(bad.group(1)) if bad else 0


# --- How soon a revocation holds on another gateway -------------------------------------------------------------------

def propagation(lab, options):
    """A token is logged out at one gateway, and asked about at another all the while."""
    backend, redis = lab.nginx(), lab.redis()
    rows = []
    for mode in ("mode: mirror", "mode: mirror, acknowledge: nodes"):
        first, second = (lab.gateway([backend.port], redis_port=redis.port, revocation=mode) for _ in range(2))
        load = wrk(lab, second, token("load"), 3600, connections=options.load_connections, wait=False)
        begun, answered, late = [], [], 0
        writer, reader = Caller(first.port), Caller(second.port)
        for number in range(options.revocations):
            credential = token(f"subject-{number}")
            if reader.ask("/api/x", credential) != 200:
                raise SystemExit("a good token was refused")
            start = time.perf_counter()
            writer.send("/auth/logout", credential, "POST")
            done = accepted = None
            while True:
                sent = time.perf_counter()
                if done is None and writer.has_answer():
                    done = sent
                    if writer.receive() != 204:
                        raise SystemExit("a logout was refused")
                status = reader.ask("/api/x", credential)
                if status == 401:
                    break
                if done is not None:
                    accepted = sent
            begun.append(time.perf_counter() - start)
            if done is None:
                if writer.receive() != 204:
                    raise SystemExit("a logout was refused")
                done = time.perf_counter()
            late += accepted is not None
            answered.append(max(0, (accepted or done) - done))
        stop(load, signal.SIGINT)
        for process in (first, second):
            stop(process)
        name = f"propagation, {mode}"
        rows += [
            (f"{name}: from the logout's request to the first refusal elsewhere", f"{milliseconds(begun)}; {len(begun)} revocations"),
            (f"{name}: still accepted elsewhere after the 204", f"{late} of {len(begun)}; {milliseconds(answered)}"),
        ]
    return rows


# --- Redis that stands still ------------------------------------------------------------------------------------------

def outage(lab, options):
    """Redis stopped, the policy closed: what a refusal takes once the first command has run out of time."""
    backend, redis = lab.nginx(), lab.redis()
    gateway = lab.gateway([backend.port], redis_port=redis.port, redis_options="command_timeout: 100ms")
    credential, caller = token("alice"), Caller(gateway.port)
    if caller.ask("/api/x", credential) != 200:
        raise SystemExit("a good token was refused")
    redis.send_signal(signal.SIGSTOP)
    start = time.perf_counter()
    if caller.ask("/api/x", credential) != 503:
        raise SystemExit("it was accepted without Redis")
    first, times = time.perf_counter() - start, []
    for _ in range(options.refusals):
        start = time.perf_counter()
        if caller.ask("/api/x", credential) != 503:
            raise SystemExit("it was accepted without Redis")
        times.append(time.perf_counter() - start)
    redis.send_signal(signal.SIGCONT)
    return [("Redis stopped, closed: the first 503 (command_timeout 100 ms)", f"{first * 1e3:.1f} ms"),
            ("Redis stopped, closed: the 503s after it (p99 wanted below 1 ms)", f"{milliseconds(times)}; {len(times)} refusals")]


# --- A long deny-list -------------------------------------------------------------------------------------------------

def encode(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def fill(redis, count, life_milliseconds=7_200_000):
    """Writes revocations of single tokens as a gateway would: key and entry of the stream."""
    until = int(time.time() * 1000) + life_milliseconds
    process = subprocess.Popen(["redis-cli", "-p", str(redis.port), "--pipe"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL)
    process.stdin.write(encode("SET", PREFIX + "epoch", uuid.uuid4().hex))
    for start in range(0, count, 1000):
        batch = []
        for _ in range(min(1000, count - start)):
            name = FOREIGN + str(uuid.uuid4())
            batch.append(encode("SET", f"{PREFIX}revoked:jti:{name}", 1, "PX", life_milliseconds))
            batch.append(encode("XADD", PREFIX + "revocations", "*", "kind", "jti", "id", name, "until", until, "reason", "bench"))
        process.stdin.write(b"".join(batch))
    process.stdin.close()
    if process.wait() != 0:
        raise SystemExit("redis-cli could not write the revocations")


def mirror_entries(gateway):
    text = ask(gateway.admin, "/metrics")[2].decode()
    found = re.search(r"^portcullis_revocation_mirror_entries(?:\{[^}]*\})? (\S+)", text, re.M)
    return float(found.group(1)) if found else 0


def long_list(lab, options):
    """CPU of the gateway for a request, with and without revocations in Redis, in rounds that take turns."""
    backend, empty, full = lab.nginx(), lab.redis(), lab.redis()
    fill(full, options.live)
    gateways = {}
    for mode in ("query", "mirror"):
        for name, redis in (("none", empty), (f"{options.live:,}", full)):
            start = time.perf_counter()
            gateway = lab.gateway([backend.port], redis_port=redis.port, revocation=f"mode: {mode}")
            if mode == "mirror" and redis is full:
                if not eventually(lambda: mirror_entries(gateway) >= options.live, 120, pause=0.2):
                    raise SystemExit(f"the mirror has {mirror_entries(gateway):.0f} entries only")
                loading = time.perf_counter() - start
            gateways[mode, name] = gateway
    costs = {key: [] for key in gateways}
    for _ in range(options.rounds):
        for key, gateway in gateways.items():
            before = cpu_seconds(gateway.pid)
            count, bad = wrk(lab, gateway, token("load"), options.round_seconds)
            if bad:
                raise SystemExit(f"{bad} requests failed ({key})")
            costs[key].append((cpu_seconds(gateway.pid) - before) / max(1, count))
    rows = [(f"CPU for a request, {mode}, live revocations: {name}",
             f"median {percentile(values, 0.5) * 1e6:.1f} µs, {min(values) * 1e6:.1f} to {max(values) * 1e6:.1f} µs; {len(values)} rounds")
            for (mode, name), values in costs.items()]
    for mode in ("query", "mirror"):
        without, having = (percentile(costs[mode, name], 0.5) for name in ("none", f"{options.live:,}"))
        rows.append((f"the same, {mode}: {options.live:,} against none", f"{(having / without - 1) * 100:+.1f} %"))
    memory = [support.resident(gateways["mirror", name].pid) for name in ("none", f"{options.live:,}")]
    rows.append((f"memory of the mirror's {options.live:,} entries; from the start to having read them",
                 f"{support.mebibytes(memory[1] - memory[0])}; {loading:.1f} s"))
    return rows


# --- Failover by Sentinel ---------------------------------------------------------------------------------------------

def redis_cli(port, *arguments):
    return subprocess.run(["redis-cli", "-p", str(port), *map(str, arguments)], capture_output=True, text=True).stdout.split()


def start_group(lab, down_after):
    """A primary, its replica and three sentinels that know each other."""
    def server(*arguments):
        port = free_port()
        process = lab.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", lab.folder,
                            "--dbfilename", f"{port}.rdb", "--repl-diskless-sync-delay", "0", *arguments)
        process.port = port
        support.wait_for_port(port, process)
        return process

    primary = server()
    replica = server("--replicaof", "127.0.0.1", primary.port)
    if not eventually(lambda: "connected" in redis_cli(replica.port, "ROLE")):
        raise SystemExit("the replica does not follow")
    sentinels = []
    for _ in range(3):
        port = free_port()
        file = lab.folder / f"sentinel-{port}.conf"
        file.write_text(f"port {port}\nbind 127.0.0.1\ndir {lab.folder}\n"
                        f"sentinel monitor mymaster 127.0.0.1 {primary.port} 2\n"
                        f"sentinel down-after-milliseconds mymaster {down_after}\n"
                        "sentinel failover-timeout mymaster 3000\n")
        process = lab.start("redis-server", file, "--sentinel", name="sentinel")
        process.port = port
        sentinels.append(process)
        support.wait_for_port(port, process)

    def knows_all(sentinel):
        words = redis_cli(sentinel.port, "SENTINEL", "MASTER", "mymaster")
        figures = dict(zip(words[::2], words[1::2])) if len(words) % 2 == 0 else {}
        return figures.get("num-slaves") == "1" and figures.get("num-other-sentinels") == "2"

    if not eventually(lambda: all(map(knows_all, sentinels)), 30):
        raise SystemExit("the sentinels do not know each other")
    return primary, replica, sentinels


def subscribe(port, channel):
    connection = connect(port, timeout=60)
    connection.sendall(encode("SUBSCRIBE", channel))
    while b"subscribe" not in connection.recv(65536):
        pass
    return connection


def failover(lab, options):
    """The primary killed: when the sentinels find it down, when they announce another, when the gateway serves again."""
    backend = lab.nginx()
    detection, switching, serving, revoking = [], [], [], []
    for _ in range(options.failovers):
        primary, replica, sentinels = start_group(lab, options.down_after)
        hosts = ",".join(f"127.0.0.1:{s.port}" for s in sentinels)
        gateway = lab.gateway([backend.port], redis_url=f"redis+sentinel://{hosts}/mymaster/0",
                              redis_options="command_timeout: 250ms")
        credential = token("alice")
        if not eventually(lambda: ask(gateway.port, "/api/x", bearer(credential))[0] == 200):
            raise SystemExit("the gateway does not find the primary")
        downs = [subscribe(s.port, "+odown") for s in sentinels]
        switches = [subscribe(s.port, "+switch-master") for s in sentinels]
        primary.kill()
        primary.wait()
        start, down, switched, served = time.perf_counter(), None, None, None
        while served is None:
            ready = select.select(downs + switches, [], [], 0.002)[0]
            now = time.perf_counter() - start
            if down is None and any(c in downs for c in ready):
                down = now
            if switched is None and any(c in switches for c in ready):
                switched = now
            for connection in ready:
                connection.recv(65536)
            if ask(gateway.port, "/api/x", bearer(credential))[0] == 200:
                served = time.perf_counter() - start
            if now > 60:
                raise SystemExit("the gateway does not follow")
        while ask(gateway.port, "/auth/logout", bearer(token("bob")), method="POST")[0] != 204:
            if time.perf_counter() - start > 60:
                raise SystemExit("revocations are not written")
        revoking.append(time.perf_counter() - start)
        serving.append(served)
        # What is told while the gateway was being asked may not have been read before it served.
        switching.append(min(switched or served, served))
        detection.append(min(down or switching[-1], switching[-1]))
        for process in (gateway, *sentinels, replica):
            stop(process)

    def figures(values):
        return f"median {percentile(values, 0.5):.2f} s, most {max(values):.2f} s"

    return [
        (f"failover: killed to found down (down-after {options.down_after} ms)", f"{figures(detection)}; {len(serving)} times"),
        ("failover: found down to another announced by the sentinels", figures([b - a for a, b in zip(detection, switching)])),
        ("failover: announced to the first 200 (wanted below 1 s)", figures([b - a for a, b in zip(switching, serving)])),
        ("failover: killed to the first 200", figures(serving)),
        ("failover: killed to the first logout answered 204", figures(revoking)),
    ]


PARTS = {"propagation": propagation, "outage": outage, "long-list": long_list, "failover": failover}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--revocations", type=int, default=2000)
    parser.add_argument("--load-connections", type=int, default=8)
    parser.add_argument("--refusals", type=int, default=5000)
    parser.add_argument("--live", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--round-seconds", type=int, default=5)
    parser.add_argument("--failovers", type=int, default=5)
    parser.add_argument("--down-after", type=int, default=500, help="of the sentinels, in milliseconds")
    options = parser.parse_args()
    if options.quick:
        options.revocations, options.refusals, options.live = 50, 200, 5000
        options.rounds, options.round_seconds, options.failovers = 1, 1, 1
    rows = []
    for name in options.only or PARTS:
        with Lab(options.gateway) as lab:
            rows += PARTS[name](lab, options)
    print("| what | seen |\n| --- | --- |")
    for what, seen in rows:
        print(f"| {what} | {seen} |")


main()
