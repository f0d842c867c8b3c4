"""Ten thousand tokens changed at random: the gateway accepts none that PyJWT or joserfc refuses without a written reason.

TOKEN_SEED repeats a run, TOKEN_COUNT is how many tokens (10000).
"""

import collections
import json
import os
import pathlib
import random
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import token_mutations
from gateway import Gateway

SEED = int(os.environ.get("TOKEN_SEED", random.SystemRandom().getrandbits(31)))
COUNT = int(os.environ.get("TOKEN_COUNT", 10_000))


class Asker:
    """Asks the gateway about tokens over one connection, opened again when the gateway closes it."""

    def __init__(self, port):
        self.port, self.connection = port, None

    def status(self, token):
        """The status, or nothing for what no header field can carry."""
        if not token or any(byte < 0x21 or byte == 0x7F for byte in token):
            return None
        if self.connection is None:
            self.connection = socket.create_connection(("127.0.0.1", self.port), 10)
            self.reader = self.connection.makefile("rb")
        self.connection.sendall(
            b"GET /auth/verify HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer " + token + b"\r\n\r\n")
        line = self.reader.readline()
        length, closes = 0, False
        while (field := self.reader.readline().strip()):
            name, _, value = field.lower().partition(b":")
            length = int(value) if name == b"content-length" else length
            closes = closes or (name == b"connection" and b"close" in value)
        self.reader.read(length)
        if closes:
            self.connection.close()
            self.connection = None
        return int(line.split()[1])


def main():
    print(f"  seed {SEED}")
    assert token_mutations.joserfc, "joserfc is not installed"
    keys = token_mutations.Keys()
    key_set = pathlib.Path(os.environ["INTEROP_FOLDER"]) / "mutations.jwks.json"
    key_set.touch(mode=0o600)
    key_set.write_text(json.dumps(keys.document))
    issuer = (
        f'issuers: [{{issuer: "{token_mutations.ISSUER}", jwks_file: "{key_set}", audiences: [{token_mutations.AUDIENCE}], '
        f"algorithms: [{', '.join(token_mutations.ALGORITHMS)}], max_lifetime: 3650d}}]")
    mutator, judges = token_mutations.Mutator(SEED, keys), token_mutations.Judges(keys)
    counts, wrong = collections.Counter(), []
    with Gateway(sections=[issuer, f"leeway: {token_mutations.LEEWAY}s"]) as gateway:
        asker = Asker(gateway.port)
        for number in range(COUNT):
            kind, token = mutator.next()
            status = asker.status(token)
            assert status in (200, 400, 401, 431, None), (number, kind, status)
            verdicts = judges.all(token)
            accepted = status == 200
            refusals = {name: verdict for name, verdict in verdicts.items() if verdict != "accept"}
            counts["accepted" if accepted else "refused"] += 1
            if accepted and refusals:
                reasons = [token_mutations.reason(name, verdict) for name, verdict in refusals.items()]
                if all(reasons):
                    counts.update("accepted although " + reason for reason in reasons)
                else:
                    wrong.append((number, kind, token, refusals))
            elif not accepted and not refusals:
                counts["refused here alone"] += 1
                if kind == "untouched":
                    wrong.append((number, kind, token, status))
    for what, count in sorted(counts.items()):
        print(f"  {count:6} {what}")
    for row in wrong[:10]:
        print("  WRONG", *row)
    assert not wrong, f"{len(wrong)} of {COUNT}; again with TOKEN_SEED={SEED}"
    assert counts["accepted"] > COUNT // 20
    print(f"  none of {COUNT} tokens is accepted that PyJWT or joserfc refuses without a written reason")


if __name__ == "__main__":
    main()
