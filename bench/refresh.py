#!/usr/bin/env python3
"""Measures issuing through /auth/refresh: tokens per second of the gateway's own CPU time, Redis beside it.

Starts a Redis, a gateway of the given build and no backend; logs in some sessions and refreshes each over a connection of
its own for some seconds. Refresh tokens are single use, so a session has one request in flight at a time.

  bench/refresh.py --program .build-release/release/portcullis [--sessions 32] [--seconds 10] [--algorithm ES256]
"""
import argparse, json, os, re, selectors, shutil, socket, subprocess, sys, tempfile, time


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(port, deadline=10):
    end = time.time() + deadline
    while time.time() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    sys.exit(f"nothing listens at {port}")


class Session:
    """One connection with one session; reads answers with Content-Length only."""

    def __init__(self, port, host):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.host = host
        self.buffer = b""
        self.token = None
        self.issued = 0

    def post(self, path, body):
        self.socket.sendall(
            b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (path, self.host, len(body), body))

    def refresh(self):
        self.post(b"/auth/refresh", b'{"refresh_token":"%s"}' % self.token)

    def receive(self):
        """Takes what has come; true when an answer is complete."""
        self.buffer += self.socket.recv(65536)
        head, mark, rest = self.buffer.partition(b"\r\n\r\n")
        if not mark:
            return False
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        if len(rest) < length:
            return False
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"refused: {head.decode()} {rest.decode()}")
        self.token = re.search(rb'"refresh_token":"([^"]+)"', rest).group(1)
        self.buffer = rest[length:]
        return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--sessions", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--algorithm", default="ES256")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--perf", help="write a perf record of the gateway to this file")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="portcullis-refresh-")
    processes = []
    try:
        redis_port, port, admin = free_port(), free_port(), free_port()
        processes.append(subprocess.Popen(
            ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
            stdout=subprocess.DEVNULL, cwd=folder))
        path = os.path.join(folder, "portcullis.yaml")
        with open(path, "w") as file:
            file.write(f"""version: 1
listeners: {{public: {{address: "127.0.0.1:{port}"}}, admin: {{address: "127.0.0.1:{admin}"}}}}
workers: {options.workers}
access_log: false
redis: {{url: "redis://127.0.0.1:{redis_port}/0"}}
tokens: {{issuer: "https://bench.example", key_directory: ./keys, algorithm: {options.algorithm}}}
credentials: {{database: ./accounts.sqlite}}
login: {{attempts: 100000}}
upstreams: {{api: {{targets: ["http://127.0.0.1:9"]}}}}
routes: [{{path: /api/, upstream: api, auth: {{any_of: [jwt]}}}}]
""")
        run = lambda *a, **k: subprocess.run([options.program, *a, "--config", path], check=True,
                                             stdout=subprocess.DEVNULL, **k)
        run("keys", "generate")
        run("user", "add", "alice", "--scope", "a b", input=b"correct horse battery staple\n")
        wait_for(redis_port)
        log = open(os.path.join(folder, "log"), "wb")
        gateway = subprocess.Popen([options.program, "serve", "--config", path], stdout=log, stderr=log)
        processes.append(gateway)
        wait_for(port)
        host = b"bench.example"
        sessions = [Session(port, host) for _ in range(options.sessions)]
        for session in sessions:
            session.post(b"/auth/login", b'{"username":"alice","password":"correct horse battery staple"}')
            while not session.receive():
                pass
        selector = selectors.DefaultSelector()
        for session in sessions:
            selector.register(session.socket, selectors.EVENT_READ, session)
            session.refresh()

        def drive(seconds):
            count, end = 0, time.time() + seconds
            while time.time() < end:
                for key, _ in selector.select(1):
                    if key.data.receive():
                        count += 1
                        key.data.refresh()
            return count

        drive(1)
        perf = None
        if options.perf:
            perf = subprocess.Popen(["perf", "record", "-g", "-F", "499", "-o", options.perf, "-p", str(gateway.pid)],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = [cpu_seconds(p.pid) for p in (gateway, processes[0])]
        began = time.time()
        count = drive(options.seconds)
        elapsed = time.time() - began
        gateway_cpu, redis_cpu = (cpu_seconds(p.pid) - b for p, b in zip((gateway, processes[0]), before))
        if perf:
            perf.send_signal(2)
            perf.wait()
        print(json.dumps({
            "algorithm": options.algorithm, "sessions": options.sessions, "tokens": count,
            "tokens_per_second": round(count / elapsed),
            "tokens_per_gateway_cpu_second": round(count / gateway_cpu),
            "gateway_cpu_us_per_token": round(gateway_cpu / count * 1e6, 1),
            "redis_cpu_us_per_token": round(redis_cpu / count * 1e6, 1),
        }))
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
