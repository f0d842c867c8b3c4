"""What every proxy that asks Portcullis must do, whichever it is."""

import requests

from gateway import PASSWORD


def login(url, scope):
    answer = requests.post(
        f"{url}/auth/login", json={"username": "alice", "password": PASSWORD, "scope": scope}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def check(gateway, url, unavailable):
    """url: the proxy; unavailable: what it answers while Redis is stopped. Stops Redis, so it comes last."""

    def call(token=None, **fields):
        if token:
            fields["Authorization"] = f"Bearer {token}"
        return requests.get(f"{url}/orders?page=2", headers=fields, timeout=10)

    token = login(gateway.url, "orders:read")
    # What a client says of itself must never arrive, in a name that is set and in one that is not.
    forged = {"X-Auth-Subject": "mallory", "x-auth-method": "api_key", "X-Auth-Scope": "admin"}
    answer = call(token, **forged)
    assert answer.status_code == 200, (answer.status_code, answer.text)
    seen = answer.json()
    assert seen["path"] == "/orders?page=2", seen
    fields = seen["fields"]
    assert fields["x-auth-subject"] == "alice" and fields["x-auth-scope"] == "orders:read", fields
    assert fields["x-auth-method"] == "jwt", fields
    assert "mallory" not in str(fields) and "authorization" not in fields, fields

    answer = call(**forged)
    assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"], answer.headers
    assert call(login(gateway.url, "orders:write")).status_code == 403
    # What a client says it asks for must not choose the route that is judged.
    for name in ("X-Forwarded-Uri", "X-Original-URL", "X-Original-URI"):
        assert call(**{name: "/public", "X-Forwarded-Method": "GET"}).status_code == 401, name

    out = requests.post(f"{gateway.url}/auth/logout", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert out.status_code == 204, out.text
    assert call(token).status_code == 401

    token = login(gateway.url, "orders:read")
    assert call(token).status_code == 200
    gateway.end(gateway.redis)
    answer = call(token)
    assert answer.status_code == unavailable, (answer.status_code, answer.text)
