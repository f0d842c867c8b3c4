"""Tokens changed at random, and what PyJWT and joserfc say to each.

    python3 token_mutations.py SEED COUNT

prints a JSON document: `keys`, the JWK set to judge by (secrets among them), and `rows` with each token in base64, the kind
of its change, the verdict of each library ("accept", or the error), and when that was. joserfc is left out where it is not installed. The
same seed changes tokens in the same places; keys and times are new each time.
"""

import base64
import json
import random
import sys
import time
import warnings

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

try:
    import joserfc.jwk
    import joserfc.jwt
except ImportError:
    joserfc = None

warnings.simplefilter("ignore")

ISSUER = "https://mutations.test"
AUDIENCE = "api"
LEEWAY = 30
ALGORITHMS = ["HS256", "RS256", "PS256", "ES256", "EdDSA"]
IMPLEMENTATIONS = jwt.algorithms.get_default_algorithms()


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def decode(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


def encode_number(number, size=None):
    return encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big")).decode()


class Keys:
    """A key for each algorithm: what signs, what verifies, and the JWK."""

    def __init__(self):
        self.signing, self.verifying, self.members = {}, {}, {}
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        for algorithm in ALGORITHMS:
            if algorithm == "HS256":
                key = random.SystemRandom().randbytes(32)
                members = {"kty": "oct", "k": encode(key).decode()}
            elif algorithm in ("RS256", "PS256"):
                key = rsa_key
                numbers = key.public_key().public_numbers()
                members = {"kty": "RSA", "n": encode_number(numbers.n), "e": encode_number(numbers.e)}
            elif algorithm == "ES256":
                key = ec.generate_private_key(ec.SECP256R1())
                numbers = key.public_key().public_numbers()
                members = {
                    "kty": "EC", "crv": "P-256", "x": encode_number(numbers.x, 32), "y": encode_number(numbers.y, 32)}
            else:
                key = ed25519.Ed25519PrivateKey.generate()
                octets = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
                members = {"kty": "OKP", "crv": "Ed25519", "x": encode(octets).decode()}
            self.signing[algorithm] = key
            self.verifying[algorithm] = key if algorithm == "HS256" else key.public_key()
            self.members[algorithm] = {**members, "kid": "key-" + algorithm, "alg": algorithm, "use": "sig"}

    @property
    def document(self):
        return {"keys": list(self.members.values())}

    def sign(self, algorithm, header, payload):
        message = encode(header) + b"." + encode(payload)
        return message + b"." + encode(IMPLEMENTATIONS[algorithm].sign(message, self.signing[algorithm]))


class Mutator:
    """Makes tokens; every choice comes from one seed."""

    VALUES = [
        "null", "true", "false", "0", "-1", "1", "1.5", "1e3", "-0", "1e400", "1E-400", "17", '""', '" "', '"a"', '"a "',
        '"\\u0000"', '"\\ud83d\\ude00"', '"\\ud83d"', "[]", "[null]", '["api"]', '["x","api"]', '["api",1]', "{}", '{"a":[]}',
        '"api"', '"API"', '"https://mutations.test"', '"https://mutations.test/"', '"HTTPS://mutations.test"', "01", "+1", "NaN",
        "Infinity", "9" * 30, '"' + "x" * 300 + '"',
    ]
    CLAIMS = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "client_id", "scope", "sid", "azp", "scp", "cnf", "act", "é"]
    HEADERS = ["alg", "typ", "kid", "crit", "b64", "jwk", "jku", "x5u", "x5c", "zip", "enc", "cty", "x-unknown", "exp"]
    HEADER_VALUES = VALUES + [
        '"HS256"', '"RS256"', '"ES256"', '"none"', '"None"', '"hs256"', '"ES384"', '"PS256"', '"EdDSA"', '"Ed25519"', '"JWT"',
        '"at+jwt"', '"AT+JWT"', '"application/at+jwt"', '"dpop+jwt"', '"key-HS256"', '"key-RS256"', '"key-ES256"', '"DEF"',
        '["exp"]', '["b64"]', '"https://evil.test/keys"', '{"kty":"oct","k":"AAAA"}',
    ]

    def __init__(self, seed, keys):
        self.random = random.Random(seed)
        self.keys = keys
        self.now = int(time.time())
        self.kinds = [
            (self.untouched, 1), (self.text, 5), (self.claims, 5), (self.header, 4), (self.payload_bytes, 3),
            (self.header_bytes, 2), (self.signature, 3), (self.times, 4), (self.confusion, 2)]

    def next(self):
        makers, weights = zip(*self.kinds)
        maker = self.random.choices(makers, weights)[0]
        self.algorithm = self.random.choice(ALGORITHMS)
        return maker.__name__, maker()

    def members(self, pairs):
        return ("{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}").encode("utf-8", "surrogatepass")

    def base_header(self):
        return [("alg", f'"{self.algorithm}"'), ("typ", '"at+jwt"'), ("kid", f'"key-{self.algorithm}"')]

    def base_claims(self):
        now = self.now
        return [
            ("iss", f'"{ISSUER}"'), ("sub", '"user-1"'), ("aud", '"api"'), ("exp", str(now + 3000)), ("iat", str(now - 100)),
            ("nbf", str(now - 100)), ("jti", f'"{self.random.getrandbits(64):x}"'), ("client_id", '"web"'),
            ("scope", '"a b"'), ("sid", '"s"')]

    def sign(self, header=None, claims=None):
        return self.keys.sign(
            self.algorithm, header if header is not None else self.members(self.base_header()),
            claims if claims is not None else self.members(self.base_claims()))

    def change(self, pairs, names, values):
        pairs = list(pairs)
        for _ in range(self.random.randint(1, 2)):
            name, place = self.random.choice(names), self.random.randrange(len(pairs) + 1)
            action = self.random.randrange(5)
            if action == 0 and pairs:
                del pairs[self.random.randrange(len(pairs))]
            elif action == 1:
                pairs.insert(place, (name, self.random.choice(values)))
            else:
                pairs = [(key, self.random.choice(values) if key == name else value) for key, value in pairs]
                if all(key != name for key, _ in pairs):
                    pairs.insert(place, (name, self.random.choice(values)))
        return pairs

    def edit(self, octets, alphabet=None):
        octets = bytearray(octets)
        for _ in range(self.random.randint(1, 3)):
            place = self.random.randrange(len(octets) + 1)
            new = self.random.choice(alphabet) if alphabet else self.random.randrange(256)
            action = self.random.randrange(5)
            if action == 0 and place < len(octets):
                octets[place] = new
            elif action == 1:
                octets.insert(place, new)
            elif action == 2 and place < len(octets):
                del octets[place]
            elif action == 3 and place < len(octets):
                octets[place] ^= 1 << self.random.randrange(8)
            else:
                end = min(len(octets), place + self.random.randrange(1, 9))
                octets[place:place] = octets[place:end]
        return bytes(octets)

    def untouched(self):
        return self.sign()

    def text(self):
        token = self.sign()
        action = self.random.randrange(8)
        if action == 0:
            return token[: self.random.randrange(len(token))]
        if action == 1:
            parts = token.split(b".")
            self.random.shuffle(parts)
            return b".".join(parts)
        if action == 2:
            return token + self.random.choice([b"=", b"==", b".", b"A", b" ", b"\x00", b".x", b"%00"])
        if action == 3:
            # Another last character of a part: the same octets, when only unused bits differ.
            parts = token.split(b".")
            place = self.random.randrange(3)
            parts[place] = parts[place][:-1] + bytes([parts[place][-1] ^ 1])
            return b".".join(parts)
        alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" if action < 6 else b"+/=. %\t.~"
        return self.edit(token, alphabet)

    def claims(self):
        return self.sign(claims=self.members(self.change(self.base_claims(), self.CLAIMS, self.VALUES)))

    def times(self):
        pairs = dict(self.base_claims())
        for name in self.random.sample(["exp", "iat", "nbf"], self.random.randint(1, 2)):
            # Away from the borders, for clocks go on while the tokens are judged.
            number = self.now + self.random.choice([-10**9, -7200, -400, -200, 300, 500, 7200, 10**5, 10**9, 10**12])
            pairs[name] = self.random.choice(
                [str(number), f"{number}.5", f"{number}.0", f"{number}e0", f"{number / 10}e1", f"{number}0e-1", f'"{number}"'])
        return self.sign(claims=self.members(pairs.items()))

    def header(self):
        return self.sign(header=self.members(self.change(self.base_header(), self.HEADERS, self.HEADER_VALUES)))

    def payload_bytes(self):
        return self.sign(claims=self.edit(self.members(self.base_claims())))

    def header_bytes(self):
        return self.sign(header=self.edit(self.members(self.base_header())))

    def signature(self):
        head, _, signature = self.sign().rpartition(b".")
        octets = decode(signature)
        action = self.random.randrange(6)
        if action == 0:
            octets = octets[: self.random.randrange(len(octets))]
        elif action == 1:
            octets += bytes(self.random.randrange(1, 4))
        elif action == 2:
            octets = bytes(len(octets))
        elif action == 3:
            octets = b"\xff" * len(octets)
        elif action == 4:
            octets = bytes(1) + octets
        else:
            octets = self.edit(octets)
        return head + b"." + encode(octets)

    def confusion(self):
        """Signed by one key, said to be by another, or authenticated with what everybody knows."""
        named = self.random.choice(ALGORITHMS)
        header = [("alg", f'"{self.random.choice([self.algorithm, named])}"'), ("kid", f'"key-{named}"')]
        token = self.sign(header=self.members(header))
        if self.random.random() < 0.5 and named != "HS256":
            key = self.keys.verifying[named]
            form = self.random.choice([Encoding.PEM, Encoding.DER])
            secret = key.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
            header = self.members([("alg", '"HS256"'), ("kid", f'"key-{named}"')])
            message = encode(header) + b"." + token.split(b".")[1]
            import hashlib
            import hmac

            token = message + b"." + encode(hmac.digest(secret, message, hashlib.sha256))
        return token


class Judges:
    """The verdicts of the libraries, asked as their documentation has it, each key pinned to its algorithm."""

    def __init__(self, keys):
        self.keys = keys
        if joserfc:
            self.key_set = joserfc.jwk.KeySet.import_key_set(keys.document)
            essential = {"essential": True}
            self.registry = joserfc.jwt.JWTClaimsRegistry(
                leeway=LEEWAY, iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": AUDIENCE},
                exp=essential, iat=essential, sub=essential, jti=essential)

    def pyjwt(self, token):
        header = jwt.get_unverified_header(token)
        (algorithm,) = [name for name, members in self.keys.members.items() if members["kid"] == header["kid"]]
        jwt.decode(
            token, self.keys.verifying[algorithm], algorithms=[algorithm], audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"]})

    def joserfc(self, token):
        decoded = joserfc.jwt.decode(token, self.key_set, algorithms=ALGORITHMS)
        self.registry.validate(decoded.claims)

    @staticmethod
    def verdict(judge, token):
        try:
            judge(token)
            return "accept"
        except Exception as error:  # Whatever it raises, it does not accept.
            return f"{type(error).__name__}: {error}"[:200]

    def all(self, token):
        verdicts = {"pyjwt": self.verdict(self.pyjwt, token)}
        if joserfc:
            verdicts["joserfc"] = self.verdict(self.joserfc, token)
        return verdicts


# Where a token is accepted here that a library refuses: the library, what its error begins with, and why.
REASONS = [
    ("pyjwt", "KeyError: 'kid'", "the harness looks keys up by kid; here exactly one key may fit the algorithm"),
    ("joserfc", "UnsupportedHeaderError", "it refuses header members it does not know; RFC 7515 section 4 has them ignored"),
    ("joserfc", "InvalidHeaderValueError", "it checks the form of members (jku, x5u, x5c) that are never looked at here"),
    ("joserfc", "ExceededSizeError: exceeded_size: Header size",
     "it takes 512 bytes of header; here the length of a token is limited as a whole"),
    ("joserfc", "InvalidKeyIdError", "it looks keys up by kid; here exactly one key may fit the algorithm"),
]


def reason(library, verdict):
    return next((why for name, start, why in REASONS if name == library and verdict.startswith(start)), None)


def main(seed, count):
    keys = Keys()
    mutator, judges = Mutator(seed, keys), Judges(keys)
    rows = []
    for _ in range(count):
        kind, token = mutator.next()
        verdicts = judges.all(token)
        reasons = [reason(library, verdict) for library, verdict in verdicts.items() if verdict != "accept"]
        rows.append({
            "token": base64.b64encode(token).decode(), "kind": kind, "verdicts": verdicts,
            "excused": bool(reasons) and all(reasons), "judged_at": int(time.time())})
    print(json.dumps({"keys": keys.document, "rows": rows}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
