"""Makes and verifies tokens with PyJWT, for InteroperationTests.

make ALGORITHM,...  prints {"keySets": {algorithm: JWK set}, "tokens": {algorithm: token}}
verify ALGORITHM    reads a JWK set and a token, a line each, and prints the verified claims and the header's typ
"""

import base64
import json
import secrets
import sys
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVES = {"ES256": ("P-256", ec.SECP256R1), "ES384": ("P-384", ec.SECP384R1), "ES512": ("P-521", ec.SECP521R1)}


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def encode_number(number, size=None):
    return encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def make_key(algorithm, rsa_key):
    """The key to sign with, and the members of the JWK to verify with."""
    if algorithm.startswith("HS"):
        secret = secrets.token_bytes(64)
        return secret, {"kty": "oct", "k": encode(secret)}
    if algorithm[:2] in ("RS", "PS"):
        numbers = rsa_key.public_key().public_numbers()
        return rsa_key, {"kty": "RSA", "n": encode_number(numbers.n), "e": encode_number(numbers.e)}
    if algorithm == "EdDSA":
        key = ed25519.Ed25519PrivateKey.generate()
        octets = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return key, {"kty": "OKP", "crv": "Ed25519", "x": encode(octets)}
    name, curve = CURVES[algorithm]
    key = ec.generate_private_key(curve())
    numbers = key.public_key().public_numbers()
    size = (key.key_size + 7) // 8
    return key, {"kty": "EC", "crv": name, "x": encode_number(numbers.x, size), "y": encode_number(numbers.y, size)}


def make(algorithms):
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key_sets, tokens = {}, {}
    now = int(time.time())
    for algorithm in algorithms:
        key, members = make_key(algorithm, rsa_key)
        members.update(kid="py-" + algorithm, alg=algorithm, use="sig")
        key_sets[algorithm] = json.dumps({"keys": [members]})
        claims = {
            "iss": f"https://{algorithm}.test", "sub": "py", "aud": ["other", "api"], "jti": secrets.token_hex(8),
            "iat": now, "nbf": now, "exp": now + 300,
        }
        tokens[algorithm] = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "py-" + algorithm})
    print(json.dumps({"keySets": key_sets, "tokens": tokens}))


def verify(algorithm):
    keys, token = sys.stdin.read().split("\n")
    header = jwt.get_unverified_header(token)
    (key,) = [key for key in json.loads(keys)["keys"] if key["kid"] == header["kid"]]
    public_key = jwt.algorithms.get_default_algorithms()[algorithm].from_jwk(json.dumps(key))
    claims = jwt.decode(
        token, public_key, algorithms=[algorithm], audience="api", issuer="https://gateway.test",
        options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"]})
    print(json.dumps({**claims, "typ": header["typ"]}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2].split(","))
    else:
        verify(sys.argv[2])
