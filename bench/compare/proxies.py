"""The section that compares gateways: the same tokens, the same backend, one worker each."""
from functools import partial

import generators, rivals
from gateways import gateway
from keys import request, requests
from processes import Server
from rows import Row

TITLE = "Gateways"
TEXT = """One worker with one processor for itself; the load, the backend and Redis have the other. 64 keep-alive
connections, 1,000 signed tokens in turn, a backend that answers 42 bytes. `every token new`: nothing is remembered of a token,
so each is verified again. HAProxy and Envoy have no deny-list: a revoked token is good until it expires."""


def rows(bench, keys):
    def with_tokens(algorithm, path="/api/hello"):
        return requests(keys.tokens(algorithm), path)

    def ours(name, algorithm, path="/api/hello", is_paced=False, **settings):
        return Row(name, lambda bench: gateway(bench, **settings), with_tokens(algorithm, path), is_paced=is_paced, is_ours=True)

    def rival(name, start, algorithm, is_paced=False, **more):
        return Row(name, start, with_tokens(algorithm), is_paced=is_paced, **more)

    made = [
        rival("nginx, no auth", rivals.nginx, "RS256", is_paced=True, is_bound=True),
        rival("nginx, no auth, driven by wrk", rivals.nginx, "RS256", drive=generators.wrk),
        Row("Portcullis, public route", gateway, [request("/public/hello")], is_ours=True),
        ours("Portcullis, query, RS256", "RS256", is_paced=True),
        Row("Portcullis, query, RS256, driven by wrk", gateway, with_tokens("RS256"), is_ours=True, drive=generators.wrk),
        ours("Portcullis, mirror, RS256", "RS256", is_paced=True, mode="mirror"),
    ]
    made += [ours(f"Portcullis, query, {algorithm}, every token new", algorithm, is_paced=algorithm != "HS256", cache=0)
             for algorithm in ("HS256", "RS256", "ES256")]
    made += [
        ours("Portcullis, /auth/verify, RS256", "RS256", "/auth/verify"),
        rival("HAProxy jwt_verify, HS256", rivals.haproxy, "HS256"),
        rival("HAProxy jwt_verify, RS256", rivals.haproxy, "RS256", is_paced=True),
        rival("HAProxy jwt_verify, ES256", rivals.haproxy, "ES256", is_paced=True),
        rival("Envoy jwt_authn, RS256", partial(rivals.envoy, caches=False), "RS256", is_paced=True),
        rival("Envoy jwt_authn with its cache, RS256", partial(rivals.envoy, caches=True), "RS256"),
        rival("nginx + Lua + Redis, HS256", rivals.nginx_lua, "HS256", is_paced=True),
        rival("nginx + Lua + Redis, RS256", rivals.nginx_lua, "RS256"),
    ]
    return made
