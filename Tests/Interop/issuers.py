"""Tokens as Keycloak, Auth0 and Cognito make them, judged by deploy/examples/issuers; a stub publishes their keys."""

import http.server
import json
import pathlib
import sys
import threading
import time
import uuid

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
from gateway import Gateway


class Issuer(http.server.ThreadingHTTPServer):
    """Publishes metadata and one RSA key below a path, in the form that the product does."""

    daemon_threads = True

    def __init__(self, path, jwks_path):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                document = issuer.documents.get(self.path)
                body = json.dumps(document).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        origin = f"http://127.0.0.1:{self.server_port}"
        self.name = origin + path
        self.key, self.kid = rsa.generate_private_key(65537, 2048), uuid.uuid4().hex
        published = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        del published["key_ops"]
        published.update(kid=self.kid, alg="RS256", use="sig")
        # Keycloak publishes a key for encryption beside it.
        other = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048).public_key()))
        del other["key_ops"]
        other.update(kid=uuid.uuid4().hex, alg="RSA-OAEP", use="enc")
        self.documents = {
            path.rstrip("/") + "/.well-known/openid-configuration": {
                "issuer": self.name, "jwks_uri": origin + jwks_path, "response_types_supported": ["code"],
                "id_token_signing_alg_values_supported": ["RS256"], "subject_types_supported": ["public"]},
            jwks_path: {"keys": [other, published]}}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def token(self, claims, *, typ="JWT", without=(), key=None):
        now = int(time.time())
        payload = {"iss": self.name, "iat": now, "exp": now + 300, "jti": str(uuid.uuid4()), **claims}
        for name in without:
            del payload[name]
        return jwt.encode(payload, key or self.key, algorithm="RS256", headers={"kid": self.kid, "typ": typ})


def keycloak(issuer):
    access = {
        "aud": ["api", "account"], "sub": "f1c5ad9e-7a6b-4b8e-8a57-6a3f4a1f2f11", "typ": "Bearer", "azp": "shop-web",
        "session_state": "3a", "acr": "1", "allowed-origins": ["https://shop.example"],
        "realm_access": {"roles": ["offline_access", "buyer"]},
        "resource_access": {"account": {"roles": ["view-profile"]}}, "scope": "openid orders:read profile",
        "sid": "3a", "preferred_username": "alice", "email_verified": True}
    identity = {**access, "aud": "shop-web", "typ": "ID", "nonce": "n"}
    del identity["scope"]
    return access, identity, {
        "x-auth-subject": access["sub"], "x-auth-client-id": "shop-web", "x-auth-scope": "openid orders:read profile"
    }, [({**access, "aud": "account"}, {}), ({**access, "aud": ["account", "broker"]}, {})], [
        {**access, "scope": "openid profile"}]


def keycloak_roles(issuer):
    access, identity, fields, refused, _ = keycloak(issuer)
    roles = ["offline_access", "orders:read"]
    access = {**access, "scope": "openid", "realm_access": {"roles": roles}}
    fields = {**fields, "x-auth-scope": " ".join(roles)}
    elsewhere = {**access, "scope": "orders:read", "roles": roles}
    # ID tokens have roles too where a mapper adds them; refused are also roles of the wrong form.
    malformed = [({**access, "realm_access": value}, {}) for value in (roles, None, {"roles": {"orders:read": True}})]
    return access, {**identity, "realm_access": {"roles": roles}}, fields, refused + malformed, [
        {**elsewhere, "realm_access": {}}, {**elsewhere, "realm_access": {"roles": []}},
        {**elsewhere, "realm_access": {"other": {"roles": roles}}}]


def auth0(issuer):
    access = {
        "aud": ["https://api.example", f"{issuer.name}userinfo"], "sub": "auth0|507f1f77bcf86cd799439011",
        "client_id": "hoAsrpUqCD8F", "scope": "openid profile", "permissions": ["orders:read", "orders:write"]}
    identity = {"aud": "hoAsrpUqCD8F", "sub": access["sub"], "nonce": "n", "sid": "s", "name": "alice"}
    return access, identity, {
        "x-auth-subject": "auth0|507f1f77bcf86cd799439011", "x-auth-client-id": "hoAsrpUqCD8F",
        "x-auth-scope": "orders:read orders:write"
    }, [({**access, "aud": ["https://other.example", f"{issuer.name}userinfo"]}, {}),
        # The profile that is not RFC 9068.
        ({**access, "azp": "hoAsrpUqCD8F"}, {"without": ["jti", "client_id"]})], [
        # What the client asked for does not count where permissions are read.
        {**access, "scope": "orders:read", "permissions": []}]


def cognito(issuer):
    access = {
        "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "token_use": "access",
        "client_id": "1example23456789", "username": "alice", "scope": "openid orders:read", "version": 2,
        "cognito:groups": ["buyers"], "origin_jti": "o", "event_id": "e", "auth_time": int(time.time())}
    identity = {
        "aud": "1example23456789", "sub": access["sub"], "token_use": "id", "cognito:username": "alice",
        "cognito:groups": ["buyers"], "email": "alice@example.com", "auth_time": access["auth_time"]}
    return access, identity, {
        "x-auth-subject": access["sub"], "x-auth-client-id": "1example23456789", "x-auth-scope": "openid orders:read"
    }, [(access, {"without": ["client_id"]}), ({**access, "client_id": "another"}, {}),
        # An audience that is there has to be right, too.
        ({**access, "aud": "https://other.example"}, {}), ({**access, "aud": []}, {})], [
        {**access, "scope": "openid"}, {**access, "scope": "openid", "aud": "1example23456789"}]


ISSUERS = {
    "keycloak": (keycloak, "https://keycloak.example/realms/shop", "/realms/shop",
                 "/realms/shop/protocol/openid-connect/certs", "JWT"),
    "keycloak-roles": (keycloak_roles, "https://keycloak.example/realms/shop", "/realms/shop",
                       "/realms/shop/protocol/openid-connect/certs", "JWT"),
    "auth0": (auth0, "https://tenant.auth0.example/", "/", "/.well-known/jwks.json", "at+jwt"),
    "cognito": (cognito, "https://cognito-idp.eu-central-1.example/eu-central-1_pool", "/eu-central-1_pool",
                "/eu-central-1_pool/.well-known/jwks.json", "JWT"),
}


def main():
    for name, (shape, written, path, jwks_path, typ) in ISSUERS.items():
        issuer = Issuer(path, jwks_path)
        access, identity, fields, refused, narrow = shape(issuer)
        example = ROOT / f"deploy/examples/issuers/{name}.yaml"
        with Gateway(example=example, replacing=[(written, issuer.name)], accounts=()) as gateway:

            def call(token, path="/orders"):
                return requests.get(gateway.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)

            answer = call(issuer.token(access, typ=typ))
            assert answer.status_code == 200, (name, answer.text, gateway.log[-2000:])
            seen = answer.json()["fields"]
            assert fields.items() <= seen.items() and seen["x-auth-issuer"] == issuer.name, (name, seen)
            # Where no scope is wanted, only the audience keeps an ID token out.
            for path in ("/orders", "/me"):
                answer = call(issuer.token(identity), path)
                assert answer.status_code == 401, (name, path, answer.text)
                for claims, form in refused:
                    assert call(issuer.token(claims, typ=typ, **form), path).status_code == 401, (name, claims, form)
            for claims in narrow:
                token = issuer.token(claims, typ=typ)
                assert call(token).status_code == 403 and call(token, "/me").status_code == 200, (name, claims)
            foreign = rsa.generate_private_key(65537, 2048)
            assert call(issuer.token(access, typ=typ, key=foreign)).status_code == 401, name
            assert call(issuer.token({**access, "iss": "https://elsewhere.example"}, typ=typ)).status_code == 401, name
            assert call(issuer.token({**access, "exp": int(time.time()) - 60}, typ=typ)).status_code == 401, name
        issuer.shutdown()
    print("  access tokens as Keycloak, Auth0 and Cognito make them pass; ID tokens and those for others do not")


if __name__ == "__main__":
    main()
