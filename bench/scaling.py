#!/usr/bin/env python3
"""Holds the model of docs/SCALING.md against four gateways and a Redis Cluster of three primaries, on loopback.

    scaling.py --gateway PATH [--rate 2500] [--seconds 4]     measures, and prints what the model said
    scaling.py --table                                        prints the table of docs/SCALING.md

One gateway and one Redis, asked as much as the four are together, give the figures; from these the model says what four gateways and three primaries take, which is
then measured: all gateways with one key prefix, with a prefix each, and with mirrors. Runs in bench/compare's environment.
"""
import argparse, concurrent.futures, signal, statistics, subprocess, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "compare"), str(HERE / "support")]
sys.dont_write_bytecode = True

import scaling_model as model


def redis_cli(port, *words):
    return subprocess.run(["redis-cli", "-p", str(port), *map(str, words)], capture_output=True, text=True).stdout.strip()


def questions(port):
    """How many MGETs a Redis has answered."""
    for line in redis_cli(port, "INFO", "commandstats").splitlines():
        if line.startswith("cmdstat_mget:"):
            return int(line.split("calls=")[1].split(",")[0])
    return 0


def drive(bench, keys, gateways, rate, seconds, redises, extra=None):
    """All gateways at once at that rate each; CPU a request of the gateways, and CPU and questions a second of each Redis."""
    import generators
    from keys import requests
    from processes import cpu_seconds
    loads = [generators.Load(bench, g.port, requests(keys.tokens("RS256")), 16) for g in gateways]
    with concurrent.futures.ThreadPoolExecutor(len(loads) + 1) as pool:
        list(pool.map(lambda load: generators.closed_loop(bench, load, 1, rate), loads))
        before = [g.cpu_seconds() for g in gateways], [(cpu_seconds(r.pid), questions(r.port)) for r in redises]
        start = time.monotonic()
        more = pool.submit(extra, seconds) if extra else None
        samples = list(pool.map(lambda load: generators.closed_loop(bench, load, seconds, rate), loads))
        if more:
            more.result()
        elapsed = time.monotonic() - start
    wrong = sum(n for s in samples for status, n in s["statuses"].items() if status != "200") + sum(s["broken"] for s in samples)
    if wrong:
        raise SystemExit(f"{wrong} answers were wrong")
    # What the warm-up of the generators asked counts too.
    asked = sum(s["answers"] for s in samples) * (1 + 0.4 / seconds)
    used = sum(g.cpu_seconds() - b for g, b in zip(gateways, before[0]))
    shards = [{"cpu": (cpu_seconds(r.pid) - b[0]) / elapsed, "questions": (questions(r.port) - b[1]) / elapsed}
              for r, b in zip(redises, before[1])]
    return {"gateway_us": used / asked * 1e6, "rate": asked / elapsed, "cores": used / elapsed, "shards": shards}


def prefixes_of_shards(ports):
    """A key prefix for each primary, in whose slots it lies."""
    found, number = {}, 0
    ranges = []
    lines = redis_cli(ports[0], "CLUSTER", "NODES").splitlines()
    for port in ports:
        slots = next(line.split()[8:] for line in lines if f":{port}@" in line.split()[1])
        ranges.append([tuple(int(n) for n in part.split("-")) for part in slots if "[" not in part])
    while len(found) < len(ports):
        slot = int(redis_cli(ports[0], "CLUSTER", "KEYSLOT", f"{{s{number}}}:"))
        for index, spans in enumerate(ranges):
            if any(span[0] <= slot <= span[-1] for span in spans):
                found.setdefault(index, f"{{s{number}}}:")
        number += 1
    return [found[index] for index in range(len(ports))]


def percent(measured, predicted):
    return f"{(measured / predicted - 1) * 100:+.0f} %" if predicted else "–"


def cluster_gateways(bench, ports, prefixes, mode="query"):
    from gateways import gateway
    nodes = ",".join(f"127.0.0.1:{port}" for port in ports)
    return [gateway(bench, mode, redis_url=f"redis+cluster://{nodes}",
                    redis_options=f'command_timeout: 1s, key_prefix: "{prefix}"') for prefix in prefixes]


def against_model(name, said, got, shard_count):
    """Rows: what the model said, what was measured."""
    rows = [(f"{name}: CPU of four gateways", f"{said['gateways']:.3f}", f"{got['cores']:.3f}", percent(got["cores"], said["gateways"]))]
    for shard in range(shard_count):
        one, other = said["shards"].get(shard, {"questions": 0, "cpu": 0}), got["shards"][shard]
        rows.append((f"{name}: questions to shard {shard}", f"{one['questions']:,.0f}/s", f"{other['questions']:,.0f}/s",
                     percent(other["questions"], one["questions"])))
        rows.append((f"{name}: CPU of shard {shard}", f"{one['cpu']:.3f}", f"{other['cpu']:.3f}", percent(other["cpu"], one["cpu"])))
    return rows


def measure_queries(bench, keys, options, figures):
    """One gateway with one Redis, then four with a cluster; rows for the table."""
    from gateways import gateway
    import scenarios
    single = bench.start_redis(bench.load_pin)
    # What a request costs depends on how busy the processor is, so one gateway gets what the four get together.
    only = [gateway(bench, redis_port=single.port)]
    alone = drive(bench, keys, only, 4 * options.rate, options.seconds, [single])
    # The arithmetic is of processors that are as busy as they are meant to be.
    most = drive(bench, keys, only, 0, options.seconds, [single])["rate"]
    busy = drive(bench, keys, only, model.TARGET_SHARE * most, options.seconds, [single])
    figures["busy_query_us"] = busy["gateway_us"]
    figures["busy_redis_query_us"] = busy["shards"][0]["cpu"] / busy["shards"][0]["questions"] * 1e6
    figures["query_us"] = alone["gateway_us"]
    figures["redis_query_us"] = alone["shards"][0]["cpu"] / alone["shards"][0]["questions"] * 1e6
    mirror = [gateway(bench, "mirror", redis_port=single.port)]
    figures["busy_mirror_us"] = drive(bench, keys, mirror, model.TARGET_SHARE * most, options.seconds, [single])["gateway_us"]
    for server in only + mirror:
        end(server)
    ports = scenarios.start_cluster(bench, bench.load_pin)
    redises = [p for port in ports for p in bench.started if getattr(p, "port", None) == port]
    prefixes, rows = prefixes_of_shards(ports), []
    for name, shard_of in (("one prefix", lambda index: 0), ("a prefix a shard", lambda index: index % 3)):
        gateways = cluster_gateways(bench, ports, [prefixes[shard_of(index)] for index in range(4)])
        got = drive(bench, keys, gateways, options.rate, options.seconds, redises)
        said = model.cost([got["rate"] / 4] * 4, figures["query_us"], figures["redis_query_us"], shard_of)
        rows += against_model(name, said, got, 3)
        for server in gateways:
            end(server)
    return rows


def end(server):
    from lab import stop
    for process in server.processes:
        stop(process)


def logouts(bench, keys, server, rate):
    import generators
    from keys import request
    tokens = [keys.token("HS256", f"leaving-{index}") for index in range(2000)]
    load = generators.Load(bench, server.port, [request("/auth/logout", token, "POST") for token in tokens], 16)

    def run(seconds):
        sample = generators.closed_loop(bench, load, seconds, rate)
        if set(sample["statuses"]) != {"204"}:
            raise SystemExit(f"logouts were answered with {sample['statuses']}")
    return run


def measure_mirrors(bench, keys, options, figures):
    """What the stream costs Redis with one and two mirrors, and what the model then says of four."""
    from gateways import gateway
    rate, got = 300, {}
    for count in (1, 2, 4):
        redis = bench.start_redis(bench.load_pin)
        gateways = [gateway(bench, "mirror", redis_port=redis.port) for _ in range(count)]
        each = 4 * options.rate / count
        quiet = drive(bench, keys, gateways, each, options.seconds, [redis])
        busy = drive(bench, keys, gateways, each, options.seconds, [redis], logouts(bench, keys, gateways[0], rate))
        got[count] = (quiet, (busy["shards"][0]["cpu"] - quiet["shards"][0]["cpu"]) / rate * 1e6)
        for server in gateways:
            end(server)
    figures["mirror_us"] = got[1][0]["gateway_us"]
    delivery = max(0, got[2][1] - got[1][1])
    figures["redis_delivery_us"], figures["redis_logout_us"] = delivery, got[1][1] - delivery
    said = model.cores(got[4][0]["rate"], figures["mirror_us"])
    predicted = figures["redis_logout_us"] + 4 * delivery
    return [("mirrors: CPU of four gateways", f"{said:.3f}", f"{got[4][0]['cores']:.3f}", percent(got[4][0]["cores"], said)),
            ("mirrors: questions to Redis", "0/s", f"{got[4][0]['shards'][0]['questions']:,.0f}/s", "–"),
            ("mirrors: Redis' CPU for a logout, read by four", f"{predicted:.0f} µs", f"{got[4][1]:.0f} µs", percent(got[4][1], predicted))]


def measure_session(bench, figures):
    """What a session takes in Redis."""
    from gateways import gateway
    import storms
    redis = bench.start_redis(bench.load_pin)
    server = gateway(bench, issues=True, redis_port=redis.port)
    before = int(redis_cli(redis.port, "INFO", "memory").split("used_memory:")[1].split()[0])
    count = 40
    storms.log_in(server.port, count)
    after = int(redis_cli(redis.port, "INFO", "memory").split("used_memory:")[1].split()[0])
    keys = redis_cli(redis.port, "KEYS", "portcullis:session*").split()
    figures["session_bytes"] = sum(int(redis_cli(redis.port, "MEMORY", "USAGE", key)) for key in keys) / count
    return [("a session in Redis (by its keys; by used_memory)", "–", f"{figures['session_bytes']:.0f} B; {(after - before) / count:.0f} B", "–")]


def measure_replication(bench, keys):
    """How much longer a logout takes when a replica must have it."""
    from gateways import gateway
    from lab import connect, eventually, read_answer, request
    primary = bench.start_redis(bench.load_pin, "--repl-diskless-sync-delay", "0")
    replica = bench.start_redis(bench.load_pin, "--replicaof", "127.0.0.1", primary.port)
    if not eventually(lambda: "connected" in redis_cli(replica.port, "ROLE")):
        raise SystemExit("the replica does not follow")
    # The primary takes it for one that answers only when it has acknowledged for the first time, up to a second later.
    # WAIT counts the writes of its own connection.
    waited = subprocess.run(["redis-cli", "-p", str(primary.port)], input="SET followed 1\nWAIT 1 5000\n", capture_output=True, text=True)
    if waited.stdout.split() != ["OK", "1"]:
        raise SystemExit("the replica does not acknowledge")
    rows = []
    for name, more in (("primary only", ""), ("primary and one replica", ", min_replicas: 1")):
        server, times = gateway(bench, redis_port=primary.port, more=more), []
        with connect(server.port) as connection:
            for index in range(200):
                start = time.perf_counter()
                connection.sendall(request("/auth/logout", "POST", f"Authorization: Bearer {keys.token('HS256', f'u{index}')}\r\n"))
                if read_answer(connection)[0] != 204:
                    raise SystemExit("a logout was refused")
                times.append((time.perf_counter() - start) * 1e3)
        rows.append((f"a logout answered, written to {name}", "–", f"p50 {statistics.median(times):.2f} ms, most {max(times):.2f} ms", "–"))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--rate", type=float, default=2500)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    if options.table:
        print(model.table(model.Figures()))
        return
    if not options.gateway:
        parser.error("--gateway is needed to measure")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import generators
    from keys import Keys
    from processes import Bench
    figures = {}
    with Bench(options) as bench:
        generators.build(bench)
        keys = Keys(bench)
        rows = measure_queries(bench, keys, options, figures)
        rows += measure_mirrors(bench, keys, options, figures)
        rows += measure_session(bench, figures) + measure_replication(bench, keys)
    print("| | the model says | measured | difference |\n| --- | ---: | ---: | ---: |")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(f"\nFrom one gateway and one Redis, {4 * options.rate:,.0f} requests a second; busy: {model.TARGET_SHARE * 100:.0f} % of what it can do:")
    for name, value in figures.items():
        print(f"  {name}: {value:.1f}")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
