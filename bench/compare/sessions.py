"""The section about what a service pays for knowing who asks: sessions in a database, tokens, tokens and a deny-list."""
import hashlib, importlib.util, os

import postgres
from gateways import gateway
from keys import AUDIENCE, ISSUER, SECRET, requests
from lab import free_port
from processes import HERE, NotThere, Server
from rows import Row

TITLE = "What sessions cost"
TEXT = """A FastAPI service (uvicorn, one worker) that finds out by itself who asks, and the same service without that, behind
Portcullis. All that a row needs has one processor together, as on a machine with one: the service, PostgreSQL or Redis, and the
gateway. PostgreSQL has its default settings, 100,000 sessions, and a pool of ten connections. 64 connections ask."""

# Found in an article without the load or the machine that they were measured with, but for "one virtual CPU".
PUBLISHED = [
    ("database sessions", {"average_ms": 42, "p99_ms": 310, "rate": 120}),
    ("pure JWT", {"average_ms": 4, "p99_ms": 12, "rate": 850}),
    ("JWT + Redis deny-list", {"average_ms": 6, "p99_ms": 18, "rate": 780}),
]


def service(bench, check, **environment):
    if any(importlib.util.find_spec(name) is None for name in ("fastapi", "uvicorn", "asyncpg", "redis")):
        raise NotThere("fastapi, uvicorn, asyncpg or redis is not installed")
    port = free_port()
    environment = {**os.environ, "CHECK": check, "SECRET": SECRET, "ISSUER": ISSUER, "AUDIENCE": AUDIENCE, **environment}
    return bench.serve(bench.python, "-m", "uvicorn", "fastapi_app:app", "--app-dir", HERE, "--host", "127.0.0.1", "--port", port,
                       "--log-level", "error", "--no-access-log", "--workers", "1", port=port, name="uvicorn", env=environment)


def with_database(check):
    def start(bench):
        process, url = bench.shared("postgres", lambda: postgres.start(bench))
        own = service(bench, check, DATABASE=url)
        return Server(own.port, own, process)
    return start


def with_tokens(check):
    def start(bench):
        if check == "jwt":
            own = service(bench, check)
            return Server(own.port, own)
        redis = bench.start_redis(bench.server_pin)
        own = service(bench, check, REDIS=f"redis://127.0.0.1:{redis.port}/0")
        return Server(own.port, own, redis)
    return start


def behind_portcullis(mode):
    def start(bench):
        own = service(bench, "none")
        if mode == "off":
            before = gateway(bench, "off", backend=own.port)
            return Server(before.port, own, *before.processes)
        redis = bench.start_redis(bench.server_pin)
        before = gateway(bench, mode, redis_port=redis.port, backend=own.port)
        return Server(before.port, own, redis, *before.processes)
    return start


def without_auth(bench):
    own = service(bench, "none")
    return Server(own.port, own)


def rows(bench, keys):
    tokens = requests(keys.tokens("HS256"))
    identifiers = requests([hashlib.md5(f"session-{i * 97 % 100000}".encode()).hexdigest() for i in range(1000)])
    return [
        Row("FastAPI, no auth", without_auth, tokens, is_paced=True, is_bound=True),
        Row("FastAPI, database sessions", with_database("sessions"), identifiers, is_paced=True),
        Row("FastAPI, database sessions, last use written", with_database("touched"), identifiers, is_paced=True),
        Row("FastAPI, pure JWT", with_tokens("jwt"), tokens, is_paced=True),
        Row("FastAPI, JWT + Redis deny-list", with_tokens("denylist"), tokens, is_paced=True),
        Row("Portcullis (deny-list off) + FastAPI", behind_portcullis("off"), tokens, is_paced=True, is_ours=True),
        Row("Portcullis (query) + FastAPI", behind_portcullis("query"), tokens, is_paced=True, is_ours=True),
        Row("Portcullis (mirror) + FastAPI", behind_portcullis("mirror"), tokens, is_paced=True, is_ours=True),
    ]
