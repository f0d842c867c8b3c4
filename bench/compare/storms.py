"""Loads that a stream of fixed requests cannot make: refreshing, where each answer has what the next request needs."""
import json, re, selectors, socket, time

from gateways import PASSWORD, gateway
from keys import request
from rows import Row


def connected(port):
    connection = socket.create_connection(("127.0.0.1", port), 20)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


class Session:
    """A session with a connection of its own; reads answers that tell their length."""

    def __init__(self, port):
        self.connection, self.input, self.token = connected(port), b"", None

    def reconnect(self, port):
        self.connection.close()
        self.connection, self.input = connected(port), b""

    def post(self, path, body):
        self.sent = time.perf_counter()
        self.connection.sendall(request(path, method="POST", fields="Content-Type: application/json\r\n", body=body))

    def refresh(self):
        self.post("/auth/refresh", b'{"refresh_token":"%s"}' % self.token)

    def receive(self):
        """Takes what has come; the status when an answer is whole."""
        part = self.connection.recv(65536)
        if not part:
            raise OSError("a connection was closed")
        self.input += part
        head, mark, rest = self.input.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if not mark or len(rest) < int(length.group(1)):
            return None
        self.input = rest[int(length.group(1)):]
        token = re.search(rb'"refresh_token":"([^"]+)"', rest)
        if token:
            self.token = token.group(1)
        return int(head.split(b" ", 2)[1])


def log_in(port, count):
    sessions = [Session(port) for _ in range(count)]
    for session in sessions:
        session.post("/auth/login", json.dumps({"username": "alice", "password": PASSWORD}).encode())
        while (status := session.receive()) is None:
            pass
        if status != 200:
            raise SystemExit(f"a login was answered with {status}")
    return sessions


def refreshing(bench, load, seconds, rate=0, meter=None):
    """Each session refreshes as soon as it has its next token."""
    if not hasattr(load, "sessions"):
        load.sessions = log_in(load.port, load.connections)
    else:
        # Between two rounds a connection may be idle for longer than the gateway keeps it.
        for session in load.sessions:
            session.reconnect(load.port)
    times, statuses, selector = [], {}, selectors.DefaultSelector()
    start = time.perf_counter()
    for session in load.sessions:
        selector.register(session.connection, selectors.EVENT_READ, session)
        session.refresh()
    waiting = len(load.sessions)
    while waiting:
        ready = selector.select(5)
        if not ready:
            raise SystemExit("no answer for five seconds")
        for key, _ in ready:
            status = key.data.receive()
            if status is None:
                continue
            now = time.perf_counter()
            times.append((now - key.data.sent) * 1e6)
            statuses[str(status)] = statuses.get(str(status), 0) + 1
            if now - start < seconds and status == 200:
                key.data.refresh()
            else:
                waiting -= 1
    elapsed = time.perf_counter() - start
    times.sort()

    def at(share):
        return times[min(len(times) - 1, int(len(times) * share))]

    return {"generator": "Python", "seconds": elapsed, "answers": len(times), "broken": 0, "average_us": sum(times) / len(times),
            "p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99), "p999_us": at(0.999), "most_us": times[-1],
            "statuses": statuses}


def rows(bench, keys):
    login = request("/auth/login", method="POST", fields="Content-Type: application/json\r\n",
                    body=json.dumps({"username": "alice", "password": PASSWORD}).encode())

    def issuing(bench):
        return gateway(bench, issues=True)

    def with_own_redis(bench):
        # Other rows' tokens stay good.
        return gateway(bench, redis_port=bench.start_redis(bench.load_pin).port)

    def logouts(server):
        return [request("/auth/logout", token, "POST") for token in keys.tokens("HS256")]

    return [
        Row("refresh storm, 32 sessions, ES256", issuing, [login], connections=32, drive=refreshing, is_ours=True),
        Row("logout storm, 32 connections", with_own_redis, logouts, connections=32, expected=(204,), is_ours=True),
        Row("login storm, 8 connections, scrypt", issuing, [login], connections=8, is_ours=True, seconds_factor=2),
    ]
