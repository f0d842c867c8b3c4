"""Writes the shared test vectors as files, one for each input of a fuzzer. Usage: fuzz_seeds.py VECTORS FOLDER"""

import base64
import json
import pathlib
import sys

vectors, folder = map(pathlib.Path, sys.argv[1:])
largest = 2048


def rows(name):
    with open(vectors / name, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def write(target, number, data):
    place = folder / target
    if place.is_dir() and 0 < len(data) <= largest:
        (place / str(number)).write_bytes(data)


for number, row in enumerate(rows("http1/unified_requests.jsonl")):
    raw = base64.b64decode(row["raw_b64"])
    write("RequestHead", number, raw)
    head, separator, body = raw.partition(b"\r\n\r\n")
    if separator and b"chunked" in head:
        write("Chunked", number, body)
for number, row in enumerate(rows("http1/upstream_responses.jsonl")):
    write("ResponseHead", number, base64.b64decode(row["raw_b64"]))
for number, row in enumerate(rows("http1/path_confusion.jsonl")):
    write("Path", number, row["target"].encode())
for number, row in enumerate(rows("json/jsontestsuite.jsonl")):
    write("JSON", number, base64.b64decode(row["b64"]))
for number, row in enumerate(rows("jwt/jwt_attacks.jsonl")):
    token = row["token"].encode() if "token" in row else base64.b64decode(row["token_b64"])
    write("Token", number, token)
    parts = token.split(b".")
    if len(parts) == 3:
        try:
            claims = base64.urlsafe_b64decode(parts[1] + b"==")
            write("Token", f"{number}-claims", claims)
            write("Claims", number, claims)
        except ValueError:
            pass
for number, row in enumerate(rows("jwt/jwks_cases.jsonl")):
    write("JWK", number, row["doc"].encode())
    try:
        for place, key in enumerate(json.loads(row["doc"])["keys"]):
            write("JWK", f"{number}-{place}", json.dumps(key).encode())
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
