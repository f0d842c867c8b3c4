"""schemathesis tries what deploy/openapi.yaml describes against a running gateway, on both listeners."""

import os
import pathlib
import subprocess
import sys

import requests

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from gateway import PASSWORD, Gateway

TOKEN = "admin-token-of-the-interop-test"
SEED = "20260101"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
# Methods that are not described are tried, too; all but TRACE, which is 501 on purpose and would count as a failure.
SETTINGS = """\
[phases.coverage]
unexpected-methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"]
"""


def schemathesis(folder, url, token, selection):
    (folder / "schemathesis.toml").write_text(SETTINGS)
    program = pathlib.Path(sys.executable).parent / "schemathesis"
    command = [
        program, "--config-file", folder / "schemathesis.toml", "--no-color", "run", folder / "openapi.yaml", "--url", url,
        "--header", f"Authorization: Bearer {token}", "--checks", CHECKS, "--seed", SEED, "--max-examples", "15",
        "--phases", "examples,coverage,fuzzing", "--max-time", "50", "--request-timeout", "10", "--no-shrink",
        "--continue-on-failure", "--generation-database", ":memory:", "--warnings", "off", *selection]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=140)
    if ended.returncode != 0:
        print(ended.stdout[-12000:], ended.stderr[-2000:])
        raise AssertionError(f"schemathesis found something wrong at {url}")
    print("  " + "\n  ".join(line for line in ended.stdout.splitlines() if "generated" in line or "Seed" in line))


def main():
    folder = pathlib.Path(os.environ["INTEROP_FOLDER"])
    with Gateway(admin_token=TOKEN) as gateway:
        admin = f"http://127.0.0.1:{gateway.admin_port}"
        answer = requests.get(f"{admin}/openapi.yaml", timeout=10)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/yaml"
        (folder / "openapi.yaml").write_text(answer.text)
        schemathesis(folder, admin, TOKEN, ["--include-tag", "administration", "--include-tag", "health"])
        # The first run has revoked and disabled whatever it liked.
        requests.post(
            f"{admin}/admin/v1/users", json={"name": "mallory", "password": PASSWORD},
            headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10).raise_for_status()
        login = requests.post(
            f"{gateway.url}/auth/login", json={"username": "mallory", "password": PASSWORD}, timeout=10)
        login.raise_for_status()
        schemathesis(
            folder, gateway.url, login.json()["access_token"], ["--include-tag", "login", "--include-tag", "oauth"])


if __name__ == "__main__":
    main()
