#!/usr/bin/env python3
"""Compares what checking an API key costs with what checking an access token costs, Redis asked for both.

Starts a Redis, an nginx as backend and a gateway of the given build; loads one route with a token and with a key in turn.
Fails when a key costs more than a token by more than a measurement's error (5 %).

  bench/api_keys.py --gateway .build-release/release/portcullis [--rounds 5] [--seconds 3]
"""
import argparse, json, os, statistics, subprocess, sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "support"))
from lab import Lab, connect, cpu_seconds, free_port, read_answer, request, wait_for_port

PASSWORD = "correct horse battery staple"
CONFIGURATION = """version: 1
listeners: {{public: {{address: "127.0.0.1:{port}"}}, admin: {{address: "127.0.0.1:{admin}"}}}}
workers: 1
access_log: false
redis: {{url: "redis://127.0.0.1:{redis}/0"}}
tokens: {{issuer: "https://bench.example", key_directory: ./keys, algorithm: RS256}}
credentials: {{database: ./accounts.sqlite}}
upstreams: {{api: {{targets: ["http://127.0.0.1:{backend}"]}}}}
routes: [{{path: /api/, upstream: api, auth: {{any_of: [jwt, api_key]}}}}]
"""


def post(port, target, document):
    with connect(port) as connection:
        connection.sendall(request(target, "POST", "Content-Type: application/json\r\n", json.dumps(document).encode()))
        return read_answer(connection)


def load(port, field, seconds):
    """The number of answers; every one must be 2xx."""
    out = subprocess.run(["wrk", "-t1", "-c64", f"-d{seconds}s", "-H", field, f"http://127.0.0.1:{port}/api/x"],
                         capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"not every answer was good:\n{out}")
    return int(out.split(" requests in")[0].split()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with Lab(options.gateway) as lab:
        redis, backend, port, admin = lab.redis(), lab.nginx(), free_port(), free_port()
        path = lab.folder / "portcullis.yaml"
        path.write_text(CONFIGURATION.format(port=port, admin=admin, redis=redis.port, backend=backend.port))

        def run(*arguments, **more):
            return subprocess.run([lab.binary, *arguments, "--config", path], check=True, capture_output=True, text=True,
                                  **more).stdout

        run("keys", "generate")
        run("user", "add", "alice", "--scope", "read", input=PASSWORD + "\n")
        key = run("api-key", "create", "--user", "alice", "--scope", "read").split()
        key = next(word for word in key if word.startswith("pk_"))
        gateway = lab.start(lab.binary, "serve", "--config", path, name="gateway")
        wait_for_port(port, gateway)
        status, _, body, _ = post(port, "/auth/login", {"username": "alice", "password": PASSWORD})
        if status != 200:
            sys.exit(f"no login: {status} {body}")
        fields = {"access token": "Authorization: Bearer " + json.loads(body)["access_token"],
                  "API key": "X-API-Key: " + key}
        costs = {name: [] for name in fields}
        for name, field in fields.items():
            load(port, field, 1)
        for _ in range(options.rounds):
            for name, field in fields.items():
                before = cpu_seconds(gateway.pid)
                count = load(port, field, options.seconds)
                costs[name].append((cpu_seconds(gateway.pid) - before) / count * 1e6)
        medians = {name: statistics.median(values) for name, values in costs.items()}
        for name, values in costs.items():
            print(f"{name:13} {medians[name]:6.1f} µs of CPU a request ({min(values):.1f} to {max(values):.1f})")
        ratio = medians["API key"] / medians["access token"]
        print(f"an API key costs {ratio:.2f} × a token")
        return 0 if ratio <= 1.05 else 1


if __name__ == "__main__":
    sys.exit(main())
