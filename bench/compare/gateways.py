"""Portcullis in the forms that the rows want."""
import json, subprocess

from keys import AUDIENCE, ISSUER
from lab import connect, free_port, read_answer, request
from processes import Server

CONFIGURATION = """
version: 1
listeners:
  public: {{address: "127.0.0.1:{port}"{listener}}}
  admin: {{address: "127.0.0.1:{admin}"}}
trusted_proxies: ["127.0.0.1/32"]
workers: {workers}
access_log: false
{redis}
issuers:
  - {{issuer: "{issuer}", audiences: [{audience}], algorithms: [HS256, RS256, ES256], jwks_file: jwks.json}}
{own}
revocation: {{{revocation}}}
verification_cache: {{entries: {cache}}}
upstreams:
  api: {{targets: ["http://127.0.0.1:{backend}"], idle_connections: {idle}{most}}}
routes:
  - {{path: /api/, upstream: api, auth: {{any_of: [{methods}]}}}}
  - {{path: /public/, upstream: api, auth: none}}
"""
OWN = """tokens: {{issuer: "https://own.example", key_directory: ./{folder}/keys, algorithm: ES256}}
credentials: {{database: ./{folder}/accounts.sqlite}}"""
PASSWORD = "correct horse battery staple"


def gateway(bench, mode="query", *, policy="closed", more="", workers=1, cache=50000, listener="", redis_url=None, redis_port=None,
            redis_options="command_timeout: 1s", backend=None, pin=None, issues=False, idle=256, most=None):
    """A gateway that listens. `issues`: with a key, an account alice and tokens of its own. `most`: connections to the backend."""
    port, admin = free_port(), free_port()
    if mode != "off" and redis_url is None:
        redis_url = f"redis://127.0.0.1:{redis_port or bench.redis_port}/0"
    folder = f"gateway-{port}"
    (bench.folder / folder).mkdir()
    path = bench.write(f"{folder}.yaml", CONFIGURATION.format(
        port=port, admin=admin, listener=listener, workers=workers, issuer=ISSUER, audience=AUDIENCE, cache=cache, idle=idle,
        most=f", max_connections: {most}, queue: 10000, queue_timeout: 20s" if most else "",
        redis=f'redis: {{url: "{redis_url}", {redis_options}}}' if redis_url else "",
        revocation=f"mode: {mode}, on_unavailable: {policy}{more}", backend=backend or bench.backend_port,
        own=OWN.format(folder=folder) if issues else "", methods="jwt, api_key" if issues else "jwt"))
    if issues:
        command(bench, path, "keys", "generate")
        command(bench, path, "user", "add", "alice", "--scope", "read", input=PASSWORD + "\n")
    process = bench.serve(bench.binary, "serve", "--config", path, port=port, pin=pin, name="gateway")
    server = Server(port, process)
    server.configuration, server.admin = path, admin
    return server


def command(bench, configuration, *arguments, **more):
    """Runs the program's command line; what it printed."""
    return subprocess.run([bench.binary, *arguments, "--config", configuration], check=True, capture_output=True, text=True,
                          cwd=bench.folder, **more).stdout


def api_key(bench, server):
    words = command(bench, server.configuration, "api-key", "create", "--user", "alice", "--scope", "read").split()
    return next(word for word in words if word.startswith("pk_"))


def post(port, target, document, fields=""):
    with connect(port) as connection:
        body = json.dumps(document).encode()
        connection.sendall(request(target, "POST", f"Content-Type: application/json\r\n{fields}", body))
        return read_answer(connection)


def log_out(port, tokens):
    """Revokes each of the tokens."""
    with connect(port) as connection:
        rest = b""
        for token in tokens:
            connection.sendall(request("/auth/logout", "POST", f"Authorization: Bearer {token}\r\n"))
            status, _, body, rest = read_answer(connection, rest)
            if status != 204:
                raise SystemExit(f"a logout was answered with {status}: {body[:200]!r}")
