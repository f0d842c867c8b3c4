"""What the scripts of bench/ share: processes that end with the script, tokens, and what /proc says of a process.

Everything listens on loopback, in a folder of its own, and is ended by its process id.
"""
import base64, hashlib, hmac, json, os, re, shutil, signal, socket, subprocess, sys, tempfile, time, uuid
from pathlib import Path

ISSUER, AUDIENCE = "https://idp.example", "api"
SECRET = b"a secret that only loopback ever sees"
SUPPORT = Path(__file__).resolve().parent


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(subject, algorithm="HS256", kid="h1", signature=None, **claims):
    """A token of the lab's issuer; with a signature given, that one, right or wrong."""
    now = int(time.time())
    head = {"alg": algorithm, "kid": kid, "typ": "at+jwt"}
    body = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "client_id": "lab", "jti": str(uuid.uuid4()), "iat": now,
            "nbf": now, "exp": now + 7200, "scope": "read", **claims}
    signed = base64url(json.dumps(head).encode()) + "." + base64url(json.dumps(body).encode())
    if signature is None:
        signature = hmac.new(SECRET, signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64url(signature)


# The second key is the base point of P-256: a valid public key whose private one nobody needs here.
KEY_SET = {"keys": [
    {"kty": "oct", "kid": "h1", "alg": "HS256", "use": "sig", "k": base64url(SECRET)},
    {"kty": "EC", "crv": "P-256", "kid": "e1", "alg": "ES256", "use": "sig",
     "x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", "y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"},
]}

CONFIGURATION = """
version: 1
listeners:
  public: {{address: "127.0.0.1:{port}"{listener}}}
  admin: {{address: "127.0.0.1:{admin}"}}
workers: {workers}
access_log: {access_log}
limits: {{{limits}}}
{redis}
issuers:
  - {{issuer: "{issuer}", audiences: [{audience}], algorithms: [HS256, ES256], jwks_file: jwks.json}}
revocation: {{{revocation}}}
verification_cache: {{entries: {cache}}}
upstreams:
  api: {{targets: [{targets}], {upstream}}}
routes:
  - {{path: /api/, upstream: api, auth: {{any_of: [jwt]}}}}
  - {{path: /public/, upstream: api, auth: none}}
"""


class Lab:
    """A folder and the processes in it; use it in a `with`."""

    def __init__(self, gateway):
        self.binary = str(Path(gateway).resolve())
        self.started = []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="portcullis-lab-"))
        (self.folder / "jwks.json").write_text(json.dumps(KEY_SET))
        os.chmod(self.folder / "jwks.json", 0o600)
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *argv, stdout=None, prefix=(), name=None):
        log = open(self.folder / f"{name or Path(str(argv[0])).name}-{len(self.started)}.log", "wb")
        process = subprocess.Popen([str(a) for a in (*prefix, *argv)], stdin=subprocess.DEVNULL, stdout=stdout or log,
                                   stderr=log, cwd=self.folder, start_new_session=True)
        process.log = log.name
        self.started.append(process)
        return process

    def backend(self, port=None):
        """The lab's backend; its port is in `.port`."""
        port = port or free_port()
        process = self.start(sys.executable, SUPPORT / "backend.py", port, name="backend")
        process.port = port
        wait_for_port(port, process)
        return process

    def nginx(self, servers=None):
        """An nginx: a backend that costs little, which answers 42 bytes to everything, or what `servers` (with %d for
        its port) says."""
        port = free_port()
        path = self.folder / f"nginx-{port}.conf"
        servers = servers or """
  server { listen 127.0.0.1:%d backlog=4096;
    location / { default_type application/json; return 200 '{"message":"hello from behind","n":1234567}'; } }"""
        path.write_text(f"""
{"user root; " if os.geteuid() == 0 else ""}worker_processes 1; daemon off; pid {self.folder}/nginx-{port}.pid; error_log {self.folder}/nginx-{port}.err;
worker_rlimit_nofile 20000; events {{ worker_connections 18000; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 3600;{servers % port} }}
""")
        process = self.start("nginx", "-c", path)
        process.port = port
        wait_for_port(port, process)
        return process

    def redis(self, port=None):
        port = port or free_port()
        process = self.start("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        process.port = port
        wait_for_port(port, process)
        return process

    def gateway(self, backend_ports, *, port=None, redis_port=None, limits="", upstream="response_timeout: 60s",
                listener="", workers=1, access_log="false", prefix=(), stdout=None, redis_options="command_timeout: 1s",
                cache=50000, redis_url=None, revocation=None):
        """A gateway that listens; `.port` and `.admin` are its ports."""
        if redis_port and not redis_url:
            redis_url = f"redis://127.0.0.1:{redis_port}/0"
        port, admin = port or free_port(), free_port()
        text = CONFIGURATION.format(
            port=port, admin=admin, listener=listener, workers=workers, access_log=access_log, limits=limits,
            redis=f'redis: {{url: "{redis_url}", {redis_options}}}' if redis_url else "", cache=cache,
            issuer=ISSUER, audience=AUDIENCE, upstream=upstream,
            revocation=revocation or ("mode: query" if redis_url else "mode: off"),
            targets=", ".join(f'"http://127.0.0.1:{p}"' for p in backend_ports))
        path = self.folder / f"gateway-{len(self.started)}.yaml"
        path.write_text(text)
        process = self.start(self.binary, "serve", "--config", path, prefix=prefix, stdout=stdout, name="gateway")
        process.port, process.admin = port, admin
        # The admin listener is there before the public one, which may be shared with another process.
        wait_for_port(admin, process)
        wait_for_port(port, process)
        return process


def stop(process, how=signal.SIGTERM, seconds=25):
    if process.poll() is not None:
        return process.returncode
    process.send_signal(how)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


used_ports = set()


def free_port():
    """A port that is free now, below those that outgoing connections take."""
    with socket.socket() as probe:
        for port in range(21000 + os.getpid() % 5000, 32000):
            if port in used_ports:
                continue
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            used_ports.add(port)
            return port
    raise SystemExit("no free port")


def wait_for_port(port, process, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"{process.args[0]} ended with {process.returncode}: {open(process.log).read()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing listens on port {port}: {open(process.log).read()[-2000:]}")


def eventually(condition, seconds=20, pause=0.02):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return bool(condition())


# --- What /proc says ------------------------------------------------------------------------------------------------

def resident(pid):
    """Bytes of memory in use."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def peak(pid):
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1)) * 1024


def forget_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def sockets_at(port, state="time-wait", end="sport"):
    out = subprocess.run(["ss", "-Htan", "state", state, f"{end} = :{port}"], capture_output=True, text=True).stdout
    return len(out.splitlines())


# --- Asking ---------------------------------------------------------------------------------------------------------

def connect(port, receive_buffer=None, timeout=20):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(timeout)
    connection.connect(("127.0.0.1", port))
    return connection


def request(target="/public/x", method="GET", fields="", body=b""):
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"{method} {target} HTTP/1.1\r\nHost: gw.test\r\n{fields}{length}\r\n".encode() + body


def read_answer(connection, buffer=b""):
    """Reads one answer with a length: status, fields in lower case, body, what came after."""
    while b"\r\n\r\n" not in buffer:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed")
        buffer += part
    head, rest = buffer.split(b"\r\n\r\n", 1)
    lines = head.decode("latin1").split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
    length = int(fields.get("content-length", 0))
    while len(rest) < length:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed within a body")
        rest += part
    return int(lines[0].split()[1]), fields, rest[:length], rest[length:]


def ask(port, target="/public/x", fields="", timeout=20, method="GET"):
    with connect(port, timeout=timeout) as connection:
        connection.sendall(request(target, method, fields="Connection: close\r\n" + fields))
        return read_answer(connection)[:3]


def send_until_blocked(connection, piece, limit=1 << 40, quiet=0.5):
    """Sends until nothing is taken for a while or the other side ends it; returns how much was taken."""
    import select
    connection.setblocking(False)
    view, sent, offset = memoryview(piece), 0, 0
    while sent < limit:
        if not select.select([], [connection], [], quiet)[1]:
            break
        try:
            count = connection.send(view[offset:])
        except BlockingIOError:
            continue
        except OSError:
            break
        sent += count
        offset = (offset + count) % len(piece)
    connection.setblocking(True)
    connection.settimeout(20)
    return sent


def mebibytes(count):
    return f"{count / 2**20:.1f} MiB"


def kibibytes(count):
    return f"{count / 2**10:.1f} KiB"
