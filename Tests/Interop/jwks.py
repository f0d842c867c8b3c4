"""A FastAPI service verifies the gateway's tokens by its published keys, with PyJWT's PyJWKClient."""

import pathlib
import sys
import threading

import fastapi
import fastapi.security
import jwt
import requests
import uvicorn

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from gateway import PASSWORD, Gateway, free_port, wait_until


def service(gateway, port):
    """A resource server as its documentation has it: RFC 9068 checks and a scope for each endpoint."""
    application = fastapi.FastAPI()
    keys = jwt.PyJWKClient(f"{gateway.url}/.well-known/jwks.json")
    bearer = fastapi.security.HTTPBearer()

    def claims(credentials=fastapi.Depends(bearer)):
        try:
            key = keys.get_signing_key_from_jwt(credentials.credentials)
            assert jwt.get_unverified_header(credentials.credentials)["typ"] == "at+jwt"
            return jwt.decode(
                credentials.credentials, key, algorithms=["ES256"], audience="api", issuer=gateway.url,
                options={"require": ["exp", "iat", "nbf", "sub", "jti", "client_id"]})
        except (jwt.PyJWTError, AssertionError) as error:
            raise fastapi.HTTPException(401) from error

    @application.get("/mine")
    def mine(claims=fastapi.Depends(claims)):
        if "orders:read" not in claims["scope"].split():
            raise fastapi.HTTPException(403)
        return {"subject": claims["sub"], "session": claims["sid"]}

    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    wait_until(lambda: server.started, "the service")
    return server


def main():
    with Gateway() as gateway:
        port = free_port()
        server = service(gateway, port)
        login = requests.post(
            f"{gateway.url}/auth/login", json={"username": "alice", "password": PASSWORD}, timeout=10)
        assert login.status_code == 200, login.text
        token = login.json()["access_token"]

        def call(token):
            return requests.get(
                f"http://127.0.0.1:{port}/mine", headers={"Authorization": f"Bearer {token}"}, timeout=10)

        answer = call(token)
        assert answer.status_code == 200 and answer.json()["subject"] == "alice", answer.text
        head, payload, signature = token.split(".")
        forged = ".".join([head, payload, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
        assert call(forged).status_code == 401
        narrow = requests.post(
            f"{gateway.url}/auth/login",
            json={"username": "alice", "password": PASSWORD, "scope": "orders:write"}, timeout=10)
        assert call(narrow.json()["access_token"]).status_code == 403
        server.should_exit = True
    print("  FastAPI and PyJWKClient take the gateway's tokens, and no forged one")


if __name__ == "__main__":
    main()
