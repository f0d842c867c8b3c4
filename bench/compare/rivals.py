"""The programs that somebody would take instead, each with one worker in front of the benchmark's backend."""
import glob, os, shutil, sys
from pathlib import Path

from keys import AUDIENCE, ISSUER, SECRET
from lab import free_port
from processes import HERE, NotThere, Server, start_nginx

PROXY = ('proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; '
         "proxy_set_header X-Forwarded-For $remote_addr; proxy_pass http://backend;")


def upstream(port, name="backend", idle=256):
    return f"upstream {name} {{ server 127.0.0.1:{port}; keepalive {idle}; keepalive_requests 100000000; }}"


def nginx(bench, listen="", more="", idle=256):
    """A plain proxy with no authentication, the bound for all others."""
    if not shutil.which("nginx"):
        raise NotThere("nginx is not installed")
    process = start_nginx(bench, "proxy", f"location / {{ {PROXY} }}", http=upstream(bench.backend_port, idle=idle) + more,
                          listen=listen)
    return Server(process.port, process)


def nginx_auth_request(bench, gateway):
    """nginx that asks the gateway's /auth/verify for each request; both count."""
    locations = f"""
    location / {{ auth_request /verify; {PROXY} }}
    location = /verify {{ internal; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass_request_body off;
      proxy_set_header Content-Length ""; proxy_pass http://gateway/auth/verify; }}"""
    http = upstream(bench.backend_port) + upstream(gateway.port, "gateway")
    process = start_nginx(bench, "verify", locations, http=http)
    return Server(process.port, process, *gateway.processes)


def nginx_lua(bench):
    """nginx with the Lua module: verifies with OpenSSL and asks Redis for the token's id, as OpenResty users do."""
    module = next(iter(glob.glob("/usr/lib/nginx/modules/ngx_http_lua_module.so")), None)
    if module is None:
        raise NotThere("nginx's Lua module is not installed")
    text = (HERE / "jwtcheck.lua").read_text()
    for name, value in (("PEM", bench.folder / "RS256.pem"), ("SECRET", SECRET), ("ISSUER", ISSUER), ("AUDIENCE", AUDIENCE),
                        ("REDIS_PORT", bench.redis_port)):
        text = text.replace(f"@{name}@", str(value))
    bench.write("jwtcheck.lua", text)
    process = start_nginx(
        bench, "lua", f"location / {{ access_by_lua_block {{ check.check() }} {PROXY} }}",
        modules=f"load_module {Path(module).parent}/ndk_http_module.so; load_module {module};",
        http=upstream(bench.backend_port) + f"""
  lua_package_path "{bench.folder}/?.lua;/usr/share/lua/5.1/?.lua;/usr/share/lua/5.1/nginx/?.lua;;";
  init_by_lua_block {{ check = require "jwtcheck" }}""")
    return Server(process.port, process)


HAPROXY = """
global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:{port}
  option forwardfor
  http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 HS256 ES256 }}
  http-request deny deny_status 401 if {{ var(txn.alg) -m str RS256 }} !{{ var(txn.bearer),jwt_verify(txn.alg,"{folder}/RS256.pem") 1 }}
  http-request deny deny_status 401 if {{ var(txn.alg) -m str ES256 }} !{{ var(txn.bearer),jwt_verify(txn.alg,"{folder}/ES256.pem") 1 }}
  http-request deny deny_status 401 if {{ var(txn.alg) -m str HS256 }} !{{ var(txn.bearer),jwt_verify(txn.alg,"{secret}") 1 }}
  http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
  http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.now) date()
  http-request deny deny_status 401 unless {{ var(txn.iss) -m str {issuer} }} {{ var(txn.aud) -m str {audience} }}
  http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int lt 0 }}
  http-request set-header X-Auth-Subject %[var(txn.bearer),jwt_payload_query('$.sub')]
  default_backend b
backend b
  server s 127.0.0.1:{backend}
"""


def haproxy(bench):
    """HAProxy, which verifies each token anew and has no deny-list."""
    if not shutil.which("haproxy"):
        raise NotThere("haproxy is not installed")
    port = free_port()
    path = bench.write(f"haproxy-{port}.cfg", HAPROXY.format(
        port=port, folder=bench.folder, secret=SECRET, issuer=ISSUER, audience=AUDIENCE, backend=bench.backend_port))
    process = bench.serve("haproxy", "-f", path, port=port)
    return Server(port, process)


ENVOY = """
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: i
          route_config: {{virtual_hosts: [{{name: v, domains: ["*"], routes: [{{match: {{prefix: "/"}}, route: {{cluster: backend}}}}]}}]}}
          http_filters:
          - {filter}
          - name: envoy.filters.http.router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
  clusters:
  {clusters}
"""
CLUSTER = ("- {{name: {name}, connect_timeout: 1s, type: STATIC, circuit_breakers: {{thresholds: [{{max_connections: 9000, max_requests: 9000, "
           "max_pending_requests: 9000}}]}}, load_assignment: {{cluster_name: {name}, endpoints: [{{lb_endpoints: [{{endpoint: {{address: "
           "{{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}}}}}]}}]}}}}")
JWT_FILTER = """name: envoy.filters.http.jwt_authn
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication
              providers:
                p:
                  issuer: {issuer}
                  audiences: [{audience}]
                  forward: true
                  {cache}
                  claim_to_headers: [{{header_name: x-auth-subject, claim_name: sub}}]
                  local_jwks: {{filename: "{folder}/public-jwks.json"}}
              rules: [{{match: {{prefix: "/"}}, requires: {{provider_name: p}}}}]"""
EXTERNAL_FILTER = """name: envoy.filters.http.ext_authz
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              http_service:
                server_uri: {{uri: "http://127.0.0.1:{gateway}", cluster: gateway, timeout: 1s}}
                path_prefix: /auth/ext-authz"""


def start_envoy(bench, filter, clusters, name):
    # The program beside this Python first: that is where its package of the benchmark puts it.
    beside = Path(sys.executable).parent / "envoy"
    program = str(beside) if os.access(beside, os.X_OK) else shutil.which("envoy")
    if program is None:
        raise NotThere("envoy is not installed")
    port = free_port()
    path = bench.write(f"{name}-{port}.yaml", ENVOY.format(port=port, filter=filter, clusters="\n  ".join(clusters)))
    return bench.serve(program, "-c", path, "--concurrency", "1", "-l", "error", "--base-id", str(port), port=port, name=name)


def envoy(bench, caches):
    """Envoy's jwt_authn, which has no deny-list."""
    cache = "jwt_cache_config: {jwt_cache_size: 5000}" if caches else ""
    text = JWT_FILTER.format(issuer=ISSUER, audience=AUDIENCE, folder=bench.folder, cache=cache)
    process = start_envoy(bench, text, [CLUSTER.format(name="backend", port=bench.backend_port)], "envoy")
    return Server(process.port, process)


def envoy_external(bench, gateway):
    """Envoy that asks the gateway by ext_authz for each request; both count."""
    clusters = [CLUSTER.format(name="backend", port=bench.backend_port), CLUSTER.format(name="gateway", port=gateway.port)]
    process = start_envoy(bench, EXTERNAL_FILTER.format(gateway=gateway.port), clusters, "envoy-external")
    return Server(process.port, process, *gateway.processes)
