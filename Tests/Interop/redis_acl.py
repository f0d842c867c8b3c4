"""The gateway does all it does as the user of deploy/redis/users.acl, and that user may do nothing that is not done.

Redis' ACL LOG tells what was refused, INFO commandstats what was used.
"""

import pathlib
import re
import subprocess
import sys

import requests

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
from gateway import PASSWORD, ROUTES, Gateway, free_port, wait_until

# With Sentinel or a cluster; in a database that is not the first; for a subject with very many sessions.
ELSEWHERE = {"role", "select", "zremrangebyrank"}


def user_line(password):
    """The user's line as it is shown, with a password."""
    lines = [line for line in (ROOT / "deploy/redis/users.acl").read_text().splitlines() if "user portcullis" in line]
    assert len(lines) == 1, lines
    line, count = re.subn(r"#[0-9a-f]{64}", f">{password}", lines[0])
    assert count == 1, "there is no hash of a password"
    return line


class Server:
    """A Redis with deploy/redis/standalone.conf, and the users above, and one who may look at what happened."""

    def __init__(self, gateway, port, name, *options):
        self.folder = gateway.folder / name
        self.folder.mkdir(mode=0o700)
        self.port = port
        (self.folder / "users.acl").write_text(
            f"user default off\n{user_line('secret')}\nuser judge on nopass ~* &* +@all\n")
        text = (ROOT / "deploy/redis/standalone.conf").read_text()
        text = text.replace("port 6379", f"port {port}").replace("dir ./", f"dir {self.folder}")
        text = text.replace("aclfile users.acl", f"aclfile {self.folder}/users.acl")
        (self.folder / "redis.conf").write_text(text)
        gateway.start(f"{name}.log", "redis-server", str(self.folder / "redis.conf"), *options)
        wait_until(lambda: self.ask("PING") == "PONG", name)

    def ask(self, *command):
        try:
            run = subprocess.run(
                ["redis-cli", "-p", str(self.port), "--user", "judge", "--pass", "x", "--no-auth-warning", *command],
                capture_output=True, text=True, timeout=10, check=True)
        except subprocess.CalledProcessError as error:
            raise OSError(error.stderr) from error
        return run.stdout.strip()


def exercise(gateway):
    """Everything that asks or writes Redis."""
    admin = {"Authorization": "Bearer admin-secret-for-the-test-only-00"}
    api = f"http://127.0.0.1:{gateway.admin_port}/admin/v1"

    def post(path, token=None, **fields):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(gateway.url + path, json=fields, headers=headers, timeout=10)

    def login():
        answer = post("/auth/login", username="alice", password=PASSWORD)
        assert answer.status_code == 200, (answer.text, gateway.log[-3000:])
        return answer.json()

    def call(token):
        return requests.get(gateway.url + "/orders", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    first = login()
    answer = call(first["access_token"])
    assert answer.status_code == 200 and "RateLimit-Limit" in answer.headers, (
        answer.status_code, answer.text, answer.headers)
    assert post("/auth/login", username="alice", password="wrong").status_code == 401
    second = post("/auth/refresh", refresh_token=first["refresh_token"])
    assert second.status_code == 200, second.text
    third = post("/auth/refresh", refresh_token=second.json()["refresh_token"])
    assert third.status_code == 200, third.text
    # Used long ago by now: its session ends.
    assert post("/auth/refresh", refresh_token=first["refresh_token"]).status_code == 401
    assert call(third.json()["access_token"]).status_code == 401

    pair = login()
    token = pair["access_token"]
    sessions = requests.get(gateway.url + "/auth/sessions", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert sessions.status_code == 200 and sessions.json(), sessions.text
    assert post("/auth/logout", token).status_code == 204
    assert call(token).status_code == 401
    assert post("/auth/logout", login()["access_token"], everywhere=True).status_code == 204

    client = "portcullis"
    for body in ({"token": login()["access_token"]}, {"subject": "bob"}, {"client": client}, {"all": True},
                 {"session": "0" * 32}, {"jti": "some", "expires_at": 4102444800}):
        answer = requests.post(f"{api}/revocations", json={**body, "reason": "test"}, headers=admin, timeout=10)
        assert answer.status_code == 201, (body, answer.status_code, answer.text)
    answer = requests.get(f"{api}/revocations", headers=admin, timeout=10)
    assert answer.status_code == 200, answer.text
    for method in (requests.get, requests.delete):
        answer = method(f"{api}/sessions?subject=alice", headers=admin, timeout=10)
        assert answer.status_code in (200, 204), answer.text
    return call


def main():
    sections = [
        "revocation: {mode: MODE, acknowledge: nodes, min_replicas: 1}",
        "login: {attempts: 100}",
    ]
    routes = ROUTES.replace(
        'scopes: ["orders:read"]}}',
        'scopes: ["orders:read"]}, rate_limit: {requests: 1000, window: 1s, key: subject, shared: true}}')
    for mode in ("query", "mirror"):
        gateway = Gateway(
            sections=[section.replace("MODE", mode) for section in sections], routes=routes,
            tokens="rotation_grace: 0")
        text = gateway.configuration.read_text()
        text = text.replace(f"admin: {{address: \"127.0.0.1:{gateway.admin_port}\"}}",
                            f"admin: {{address: \"127.0.0.1:{gateway.admin_port}\", "
                            "token: \"admin-secret-for-the-test-only-00\"}")
        text = text.replace("redis://127", "redis://portcullis:secret@127")
        gateway.configuration.write_text(text)
        servers = []

        def start_redis():
            servers.append(Server(gateway, gateway.redis_port, "primary"))
            servers.append(Server(
                gateway, free_port(), "replica", "--replicaof", f"127.0.0.1 {gateway.redis_port}",
                "--masteruser", "judge", "--masterauth", "x"))
            wait_until(lambda: "state=online" in servers[0].ask("INFO", "replication"), "the replica")

        gateway.start_redis = start_redis
        with gateway:
            exercise(gateway)
            server = servers[0]
            refused = server.ask("ACL", "LOG")
            names = set(re.findall(r"object\"?\n\s*\d*\)?\s*\"?([^\"\n]+)", refused))
            # Advice about persistence is given where CONFIG may be asked, and only there.
            assert names <= {"config|get"}, (mode, refused)
            used = set(re.findall(r"cmdstat_([^:]+):", server.ask("INFO", "commandstats")))
            USED[mode] = used
    allowed = set(re.findall(r"\+([a-z|]+)", user_line("x")))
    idle = allowed - set().union(*USED.values()) - ELSEWHERE
    assert not idle, f"never used: {sorted(idle)}"
    print(f"  the gateway works as a user of Redis with {len(allowed)} commands; used here: all but {sorted(ELSEWHERE)}")


USED = {}

if __name__ == "__main__":
    main()
