"""What every proxy that asks Portcullis must do, whichever it is."""

import http.client
import pathlib
import re
import urllib.parse

import requests

from gateway import PASSWORD, Gateway, free_port, wait_until, with_ports

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "deploy/examples"

# What a backend may take for X-Auth-Subject or -Scope: CGI and WSGI make one name of all of these.
ALIASES = [
    "X-Auth-Subject", "x-auth-subject", "X_Auth_Subject", "x_auth_subject", "X.Auth.Subject", "X-Auth_Subject",
    "X_Auth-Subject", "X.Auth-Subject", "X_AUTH.SUBJECT", "X-Auth-Scope", "X_Auth_Scope", "X.Auth.Scope",
    "X-Auth-Client_Id", "X_Auth_Session_Id"]


def run(title, example, files, command):
    """Runs the files of an example with free ports; command: from the folder with them to what starts the proxy."""
    folder = EXAMPLES / example
    with Gateway(example=folder / "portcullis.yaml") as gateway:
        port = free_port()
        ports = {8080: gateway.port, 9000: gateway.backend.server_port, 8000: port}
        texts = {name: (folder / name).read_text() for name in files}
        for wanted in ports:
            assert any(re.search(rf"\b{wanted}\b", text) for text in texts.values()), f"port {wanted} is in no file"
        for name, text in texts.items():
            (gateway.folder / name).write_text(with_ports(text, ports))
        # In the foreground, so that it ends with the test.
        gateway.start(f"{example}.log", *map(str, command(gateway.folder)))
        # Some listen before they know their routes.
        wait_until(lambda: requests.get(f"http://127.0.0.1:{port}/public", timeout=5).status_code == 200, title)
        check(gateway, f"http://127.0.0.1:{port}")
    print(f"  {title} lets through whom the gateway lets through, and nobody while the gateway or Redis is away")


def login(url, scope):
    answer = requests.post(
        f"{url}/auth/login", json={"username": "alice", "password": PASSWORD, "scope": scope}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def check(gateway, url):
    """url: the proxy. Stops Redis and the gateway, so it comes last."""

    def call(token=None, **fields):
        if token:
            fields["Authorization"] = f"Bearer {token}"
        return requests.get(f"{url}/orders?page=2", headers=fields, timeout=10)

    # Through the proxy, like every client.
    token = login(url, "orders:read")
    check_identity(call, token)
    check_paths(gateway, url)

    answer = call()
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"], answer.headers
    answer = call(token + "x")
    assert answer.status_code == 401 and "invalid_token" in answer.headers["WWW-Authenticate"], answer.headers
    answer = call(login(url, "orders:write"))
    assert answer.status_code == 403 and "insufficient_scope" in answer.headers["WWW-Authenticate"], answer.headers
    assert requests.post(f"{url}/public", data=b"body", timeout=10).json()["method"] == "POST"
    # What a client says it asks for must not choose the route that is judged.
    for name in ("X-Forwarded-Uri", "X-Original-URL", "X-Original-URI", "X_Forwarded_Uri"):
        assert call(**{name: "/public", "X-Forwarded-Method": "GET"}).status_code == 401, name

    out = requests.post(f"{url}/auth/logout", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert out.status_code == 204, out.text
    assert call(token).status_code == 401

    token = login(url, "orders:read")
    assert call(token).status_code == 200
    seen = gateway.backend.request_count
    gateway.end(gateway.redis)
    answer = call(token)
    assert answer.status_code == 503, (answer.status_code, answer.text)
    gateway.end(gateway.gateway)
    for answer in (call(token), call()):
        assert answer.status_code >= 500, (answer.status_code, answer.text)
    assert gateway.backend.request_count == seen


def check_identity(call, token):
    """What a client says of itself never arrives, in a name that is set or one that is not."""
    answer = call(token)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    assert answer.json()["path"] == "/orders?page=2", answer.json()
    forged = [{name: "mallory"} for name in ALIASES]
    forged.append({"X-Auth-Subject": "mallory", "x-auth-method": "api_key", "X-Auth-Scope": "mallory"})
    forged += [{name: "mallory", "Connection": f"keep-alive, {name}"} for name in ALIASES[:5]]
    for fields in forged:
        answer = call(token, **fields)
        # A proxy may also refuse the request as a whole.
        if answer.status_code in (400, 401, 403):
            continue
        assert answer.status_code == 200, (fields, answer.status_code, answer.text)
        seen = answer.json()["fields"]
        assert seen["x-auth-subject"] == "alice" and seen["x-auth-scope"] == "orders:read", (fields, seen)
        assert seen["x-auth-method"] == "jwt", (fields, seen)
        assert "mallory" not in str(seen) and "authorization" not in seen, (fields, seen)
    # Nor where nobody needs to prove anything.
    answer = requests.get(
        call().request.url.split("/orders")[0] + "/public", headers={name: "mallory" for name in ALIASES}, timeout=10)
    assert answer.status_code == 400 or (answer.status_code == 200 and "mallory" not in answer.text), answer.text


def check_paths(gateway, url):
    """No spelling of a path leads from a public route to a protected one."""
    for path in (
            "/public/..%2forders", "/public/../orders", "/public/%2e%2e/orders", "/public%2f..%2forders",
            "//orders", "/public/..//orders", "/public/..;/orders", "/./orders", "/%6frders", "/public/..%5corders"):
        seen = gateway.backend.request_count
        # requests would bring the path into order itself.
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        assert status in (301, 307, 308, 400, 401, 403, 404), (path, status)
        assert gateway.backend.request_count == seen, path
