"""A real gateway with a real Redis and a backend for the scripts of Tests/Interop.

    with Gateway() as gateway:
        requests.get(gateway.url + "/orders", ...)

Everything listens on free ports of the loopback interface and ends with the block. PORTCULLIS names the program,
INTEROP_FOLDER the folder for all files.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.request

PASSWORD = "correct horse battery"

CONFIGURATION = """\
version: 1
listeners:
  public: {{address: "127.0.0.1:{port}"}}
  admin: {{address: "127.0.0.1:{admin_port}"{admin_token}}}
limits: {{shutdown_grace: 1s}}
redis: {{url: "redis://127.0.0.1:{redis_port}/0", command_timeout: 5s}}
tokens: {{issuer: "http://127.0.0.1:{port}", key_directory: ./keys, audiences: [api]{tokens}}}
credentials: {{database: ./accounts.sqlite}}
upstreams:
  backend: {{targets: ["http://127.0.0.1:{backend_port}"]}}
routes:
{routes}
{sections}
"""

ROUTES = """\
  - {path: /orders, upstream: backend, auth: {any_of: [jwt], scopes: ["orders:read"]}}
  - {path: /public, upstream: backend, auth: none}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=20):
    """Waits until a condition holds; one that raises OSError does not hold yet."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise TimeoutError(what)


def with_ports(text, ports):
    """The text with port numbers replaced, all at once."""
    return re.sub(r"\b\d{4}\b", lambda match: str(ports.get(int(match[0]), match[0])), text)


class Backend(http.server.ThreadingHTTPServer):
    """Answers every request with what it was: method, path and fields, as JSON."""

    daemon_threads = True
    request_count = 0

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.server.request_count += 1
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fields = {name.lower(): value for name, value in self.headers.items()}
            body = json.dumps({"method": self.command, "path": self.path, "fields": fields}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *arguments):
            pass

    def handle_error(self, request, client_address):
        """Proxies end connections as they like; that is no error to print."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Gateway:
    """
    tokens: further members of `tokens`, sections: further sections of the configuration, each a line.
    example: a whole configuration in their place, with the addresses 127.0.0.1:8080 (public), 9090 (admin), 6379
    (Redis) and 9000 (backend), which are replaced, and so is each (text, other text) of replacing.
    """

    def __init__(
            self, *, tokens="", sections=(), routes=ROUTES, accounts=(("alice", "orders:read orders:write"),),
            example=None, replacing=(), admin_token=""):
        self.program = os.environ["PORTCULLIS"]
        self.folder = pathlib.Path(os.environ["INTEROP_FOLDER"]) / "gateway"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        self.port, self.admin_port, self.redis_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.configuration = self.folder / "portcullis.yaml"
        self.processes = []
        self.accounts = accounts
        self.backend = Backend()
        if example:
            text = with_ports(
                example.read_text(), {8080: self.port, 9090: self.admin_port, 6379: self.redis_port,
                                      9000: self.backend.server_port})
            for old, new in replacing:
                assert old in text, old
                text = text.replace(old, new)
            # A busy machine is slower than what the example is for.
            text = text.replace('/0"}', '/0", command_timeout: 5s}')
        else:
            text = CONFIGURATION.format(
                port=self.port, admin_port=self.admin_port, redis_port=self.redis_port,
                backend_port=self.backend.server_port, routes=routes, sections="\n".join(sections),
                tokens=", " + tokens if tokens else "",
                admin_token=f", token: {json.dumps(admin_token)}" if admin_token else "")
        self.configuration.write_text(text)

    def __enter__(self):
        try:
            if "tokens:" in self.configuration.read_text():
                self.run("keys", "generate")
            for name, scope in self.accounts:
                self.run("user", "add", name, "--scope", scope, input=PASSWORD + "\n")
            self.start_redis()
            self.start_gateway()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.backend.shutdown()

    def run(self, *arguments, input=""):
        """Runs a command of the program and returns what it prints."""
        command = [self.program, *arguments, "--config", str(self.configuration)]
        run = subprocess.run(command, input=input, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, f"{arguments} ended with {run.returncode}: {run.stdout}{run.stderr}"
        return run.stdout

    def start_redis(self):
        folder = self.folder / "redis"
        folder.mkdir(mode=0o700, exist_ok=True)
        self.redis = self.start(
            "redis.log", "redis-server", "--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", str(folder),
            "--appendonly", "yes", "--appendfsync", "always", "--save", "")
        wait_until(lambda: socket.create_connection(("127.0.0.1", self.redis_port), 1).close() or True, "Redis")

    def start_gateway(self):
        self.gateway = self.start("gateway.log", self.program, "serve", "--config", str(self.configuration))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        ready = f"http://127.0.0.1:{self.admin_port}/readyz"
        wait_until(lambda: opener.open(ready, timeout=2).status == 200, "the gateway")

    def start(self, log, *command):
        with open(self.folder / log, "ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder)
        self.processes.append(process)
        return process

    def end(self, process):
        """Kills a process that was started here."""
        process.kill()
        process.wait()
        self.processes.remove(process)

    @property
    def log(self):
        return (self.folder / "gateway.log").read_text()
