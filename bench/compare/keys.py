"""Keys, tokens and requests of the benchmark, the same for every system."""
import base64, hashlib, json, struct, time, uuid

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://idp.example", "api"
SECRET = "0123456789abcdef0123456789abcdef"
ALGORITHMS = ("HS256", "RS256", "ES256")


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Keys:
    """One key for each algorithm; the public ones in the forms that the systems read."""

    def __init__(self, bench):
        self.keys = {"HS256": SECRET, "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
                     "ES256": ec.generate_private_key(ec.SECP256R1())}
        documents = [{"kty": "oct", "k": base64url(SECRET.encode())}]
        for name, algorithm in (("RS256", jwt.algorithms.RSAAlgorithm), ("ES256", jwt.algorithms.ECAlgorithm)):
            public = self.keys[name].public_key()
            documents.append(algorithm.to_jwk(public, as_dict=True))
            pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            bench.write(f"{name}.pem", pem.decode())
        for name, document in zip(ALGORITHMS, documents):
            document.update(alg=name, kid=name, use="sig")
            document.pop("key_ops", None)
        bench.write("jwks.json", json.dumps({"keys": documents})).chmod(0o600)
        bench.write("public-jwks.json", json.dumps({"keys": documents[1:]}))
        self.made = {}

    def tokens(self, algorithm, count=1000):
        """That many tokens of different subjects, always the same ones."""
        made = self.made.setdefault(algorithm, [])
        while len(made) < count:
            made.append(self.token(algorithm, f"user-{len(made)}"))
        return made[:count]

    def token(self, algorithm, subject):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "client_id": "bench", "jti": str(uuid.uuid4()), "iat": now,
                  "nbf": now, "exp": now + 7200, "scope": "analytics:read agent:write"}
        head = {"typ": "at+jwt", "kid": algorithm}
        return jwt.encode(claims, self.keys[algorithm], algorithm=algorithm, headers=head)


def spoil(token):
    """The same with another signature of the right length."""
    signed, _, signature = token.rpartition(".")
    wrong = base64url(hashlib.sha512(signature.encode()).digest()[:32])
    return f"{signed}.{wrong}"


def request(path="/api/hello", token=None, method="GET", fields="", body=b""):
    lines = f"{method} {path} HTTP/1.1\r\nHost: bench.example\r\nAccept: application/json\r\nUser-Agent: bench/1\r\n{fields}"
    if token:
        lines += f"Authorization: Bearer {token}\r\n"
    if body:
        lines += f"Content-Length: {len(body)}\r\n"
    return lines.encode() + b"\r\n" + body


def requests(tokens, path="/api/hello", **more):
    return [request(path, token, **more) for token in tokens]


def pack(messages):
    """What openloop reads."""
    return b"".join(struct.pack("<I", len(message)) + message for message in messages)
