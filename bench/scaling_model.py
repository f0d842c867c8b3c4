"""How much of everything a load needs: the arithmetic of docs/SCALING.md, also held against a run by scaling.py."""
import math
from dataclasses import dataclass

# Of a processor, so that a burst or a lost machine finds room.
TARGET_SHARE = 0.6
LOOPS_OF_A_NODE = 8


@dataclass
class Figures:
    """What was measured (microseconds of CPU, bytes): a request's at 60 % of what an event loop can do, a logout's at 300 a
    second, which is an upper bound. The bytes of an entry of the stream, and of a mirror, are estimates from above.
    """
    query_us: float = 28.9
    mirror_us: float = 25.2
    redis_query_us: float = 9.3
    redis_delivery_us: float = 83
    redis_logout_us: float = 114
    refresh_us: float = 124
    redis_refresh_us: float = 44
    session_bytes: float = 407
    mirror_entry_bytes: float = 100
    stream_entry_bytes: float = 150


@dataclass
class Load:
    """What is asked of the whole."""
    requests: float
    users: float
    active_share: float = 0.1
    access_seconds: float = 900
    leeway_seconds: float = 30
    logouts_a_day: float = 1

    @property
    def refreshes(self):
        return self.users * self.active_share / self.access_seconds

    @property
    def logouts(self):
        return self.users * self.logouts_a_day / 86400


def cores(rate, microseconds):
    """Processors that are busy all the time with that."""
    return rate * microseconds / 1e6


def cost(rates, gateway_us, redis_us, shard_of):
    """For gateways with these rates: their CPU, and that of each shard and the questions it gets, each second."""
    shards = {}
    for index, rate in enumerate(rates):
        shards[shard_of(index)] = shards.get(shard_of(index), 0) + rate
    return {"gateways": cores(sum(rates), gateway_us),
            "shards": {shard: {"questions": rate, "cpu": cores(rate, redis_us)} for shard, rate in shards.items()}}


def plan(load, mode, figures):
    """What a load needs in a mode: processors, nodes, partitions of Redis, memory, fan-out."""
    each = figures.query_us if mode == "query" else figures.mirror_us
    gateway_cores = (cores(load.requests, each) + cores(load.refreshes, figures.refresh_us)) / TARGET_SHARE
    nodes = max(2, math.ceil(gateway_cores / LOOPS_OF_A_NODE))
    writing = cores(load.refreshes, figures.redis_refresh_us) + cores(load.logouts, figures.redis_logout_us)
    asking = cores(load.requests, figures.redis_query_us) if mode == "query" else 0
    # Every mirror reads every entry of its partition.
    fanning = cores(load.logouts * nodes, figures.redis_delivery_us) if mode == "mirror" else 0
    live = load.logouts * (load.access_seconds + load.leeway_seconds)
    redis_cores = writing + asking + fanning
    return {
        "gateway_cores": gateway_cores, "nodes": nodes, "redis_cores": redis_cores,
        "partitions": max(1, math.ceil(redis_cores / TARGET_SHARE)),
        "session_gibibytes": load.users * figures.session_bytes / 2**30,
        "live_revocations": live, "mirror_mebibytes": live * figures.mirror_entry_bytes / 2**20,
        "fan_out_entries": load.logouts * nodes if mode == "mirror" else 0,
        "fan_out_megabytes": load.logouts * nodes * figures.stream_entry_bytes / 1e6 if mode == "mirror" else 0,
    }


LOADS = [("10,000", Load(10e3, 1e6)), ("1 million", Load(1e6, 20e6)), ("10 million", Load(10e6, 100e6))]


def table(figures):
    """The table of docs/SCALING.md."""
    lines = ["| requests/s | users | mode | gateway processors | nodes of 8 | Redis processors | partitions | sessions in Redis | "
             "live revocations | a mirror's memory | stream fan-out |", "| ---: | ---: | --- |" + " ---: |" * 8]
    for name, load in LOADS:
        for mode in ("query", "mirror"):
            p = plan(load, mode, figures)
            mirror = f"{p['mirror_mebibytes']:,.0f} MiB | {p['fan_out_entries']:,.0f}/s, {p['fan_out_megabytes']:.1f} MB/s" \
                if mode == "mirror" else "– | –"
            lines.append(f"| {name} | {load.users / 1e6:,.0f} million | {mode} | {p['gateway_cores']:,.1f} | {p['nodes']} | "
                         f"{p['redis_cores']:,.2f} | {p['partitions']} | {p['session_gibibytes']:,.1f} GiB | "
                         f"{p['live_revocations']:,.0f} | {mirror} |")
    return "\n".join(lines)
