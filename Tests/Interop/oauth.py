"""Authlib and requests-oauthlib get, refresh, revoke and introspect tokens of a running gateway."""

import os
import pathlib
import sys
import time

import requests
import requests_oauthlib
from authlib.integrations.requests_client import OAuth2Session
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from gateway import PASSWORD, Gateway

# Both libraries insist on https otherwise; here everything is on the loopback interface.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"


def metadata(gateway):
    answer = requests.get(f"{gateway.url}/.well-known/oauth-authorization-server", timeout=10)
    answer.raise_for_status()
    found = answer.json()
    assert found["issuer"] == gateway.url
    return found


def with_authlib(gateway, server, secret):
    for method in ["client_secret_basic", "client_secret_post"]:
        kept = []
        session = OAuth2Session(
            "app", secret, token_endpoint=server["token_endpoint"], token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method, scope="orders:read orders:write",
            update_token=lambda token, refresh_token=None, access_token=None: kept.append(token))
        session.fetch_token(server["token_endpoint"], username="alice", password=PASSWORD)
        first = dict(session.token)
        assert session.get(f"{gateway.url}/orders").json()["fields"]["x-auth-client-id"] == "app"

        # The life of 2 s is over for the library at once, which refreshes by itself.
        session.token["expires_at"] = int(time.time()) - 1
        assert session.get(f"{gateway.url}/orders").status_code == 200
        assert len(kept) == 1 and session.token["access_token"] != first["access_token"]
        assert session.token["refresh_token"] != first["refresh_token"]

        told = session.introspect_token(
            server["introspection_endpoint"], token=session.token["access_token"],
            token_type_hint="access_token").json()
        assert told["active"] is True and told["sub"] == "alice" and told["client_id"] == "app", told
        answer = session.revoke_token(
            server["revocation_endpoint"], token=session.token["refresh_token"], token_type_hint="refresh_token")
        assert answer.status_code == 200
        told = session.introspect_token(server["introspection_endpoint"], token=session.token["access_token"])
        assert told.json() == {"active": False}, told.text
        assert requests.get(
            f"{gateway.url}/orders", headers={"Authorization": f"Bearer {session.token['access_token']}"},
            timeout=10).status_code == 401

    machine = OAuth2Session("app", secret, token_endpoint=server["token_endpoint"])
    token = machine.fetch_token(server["token_endpoint"], grant_type="client_credentials")
    assert "refresh_token" not in token
    assert machine.get(f"{gateway.url}/orders").json()["fields"]["x-auth-subject"] == "app"
    # With client credentials the library asks for another token when this one is over.
    machine.token["expires_at"] = int(time.time()) - 1
    assert machine.get(f"{gateway.url}/orders").status_code == 200
    print("  Authlib: password, client credentials, automatic refresh, introspection, revocation")


def with_requests_oauthlib(gateway, server, secret):
    kept = []
    session = requests_oauthlib.OAuth2Session(
        client=LegacyApplicationClient("app"), auto_refresh_url=server["token_endpoint"],
        auto_refresh_kwargs={"client_id": "app", "client_secret": secret}, token_updater=kept.append)
    token = session.fetch_token(
        server["token_endpoint"], username="alice", password=PASSWORD, client_id="app", client_secret=secret,
        include_client_id=None)
    assert session.get(f"{gateway.url}/orders").status_code == 200
    session.token = {**token, "expires_in": -1, "expires_at": time.time() - 1}
    assert session.get(f"{gateway.url}/orders").status_code == 200
    assert len(kept) == 1 and kept[0]["refresh_token"] != token["refresh_token"]

    # The first refresh token was used up; what came of it ends with the second try.
    try:
        requests_oauthlib.OAuth2Session("app", token=token).refresh_token(
            server["token_endpoint"], client_id="app", client_secret=secret)
        raise AssertionError("a used refresh token was taken again")
    except InvalidGrantError:
        pass
    assert requests.get(
        f"{gateway.url}/orders", headers={"Authorization": f"Bearer {kept[0]['access_token']}"},
        timeout=10).status_code == 401

    machine = requests_oauthlib.OAuth2Session(client=BackendApplicationClient("app", scope=["orders:read"]))
    machine.fetch_token(server["token_endpoint"], client_id="app", client_secret=secret)
    assert machine.get(f"{gateway.url}/orders").status_code == 200
    try:
        wide = requests_oauthlib.OAuth2Session(client=BackendApplicationClient("app", scope=["admin"]))
        wide.fetch_token(server["token_endpoint"], client_id="app", client_secret=secret)
        raise AssertionError("a scope was given that the client may not have")
    except InvalidScopeError:
        pass
    print("  requests-oauthlib: password, client credentials, automatic refresh, reuse, scope errors")


def with_api_key(gateway):
    key = gateway.run("api-key", "create", "--user", "alice", "--scope", "orders:read").strip()

    def call(**fields):
        return requests.get(f"{gateway.url}/keys", headers=fields, timeout=10)

    assert call(**{"X-API-Key": key}).json()["fields"]["x-auth-method"] == "api_key"
    assert call(Authorization=f"Bearer {key}").status_code == 200
    gateway.run("api-key", "revoke", key.split("_")[1])
    # From memory it was known; the mark in the deny-list is heard with the very next request.
    answer = call(**{"X-API-Key": key})
    assert answer.status_code == 401, answer.text
    print("  an API key made and revoked on the command line is refused with the next request")


def main():
    routes = """\
  - {path: /orders, upstream: backend, auth: {any_of: [jwt], scopes: ["orders:read"]}}
  - {path: /keys, upstream: backend, auth: {any_of: [api_key], scopes: ["orders:read"]}}
"""
    with Gateway(tokens="rotation_grace: 0s", sections=["login: {password_grant: true}"], routes=routes) as gateway:
        secret = gateway.run(
            "client", "add", "app", "--scope", "orders:read orders:write", "--grants",
            "client_credentials password").strip()
        server = metadata(gateway)
        with_authlib(gateway, server, secret)
        with_requests_oauthlib(gateway, server, secret)
        with_api_key(gateway)
        assert secret not in gateway.log


if __name__ == "__main__":
    main()
