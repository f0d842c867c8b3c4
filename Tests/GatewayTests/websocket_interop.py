"""Holds a WebSocket through the gateway with another implementation at both ends: the package `websockets` (15 or later).

    python3 Tests/GatewayTests/websocket_interop.py .build/debug/portcullis

Not run by `make test`: the package is not part of Debian 12 in a version that has what is used here.
"""

import asyncio
import pathlib
import subprocess
import sys
import tempfile

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

CONFIGURATION = """
version: 1
listeners: {{public: {{address: "127.0.0.1:{port}"}}, admin: {{address: "127.0.0.1:{admin}"}}}}
limits: {{shutdown_grace: 1s, tunnel_idle_timeout: 1m}}
upstreams: {{echo: {{targets: ["http://127.0.0.1:{backend}"]}}}}
issuers: [{{issuer: "https://idp.test", jwks_file: ./keys.json, audiences: [api], algorithms: [ES256]}}]
routes:
  - {{path: /public, upstream: echo, auth: none}}
  - {{path: /api, upstream: echo, auth: {{any_of: [jwt]}}}}
"""
KEYS = """{"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
"y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}]}"""


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def echo(connection):
    try:
        async for message in connection:
            if message == "leave":
                await connection.close(4000, "as asked")
            else:
                await connection.send(message)
    except ConnectionClosed:
        pass  # the gateway drained


async def opened(uri, **options):
    for _ in range(200):
        try:
            return await connect(uri, proxy=None, **options)
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit("the gateway does not listen")


async def check(port, gateway):
    public = f"ws://127.0.0.1:{port}/public"
    connection = await opened(public, subprotocols=["chat"])
    assert connection.subprotocol == "chat", connection.subprotocol
    for message in ["text", "é" * 70_000, b"\0\xff" * 400_000, ""]:
        await connection.send(message)
        assert await connection.recv() == message
    await (await connection.ping())
    await connection.send("leave")
    try:
        await connection.recv()
        raise SystemExit("the backend's close did not arrive")
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 4000 and closed.rcvd.reason == "as asked", closed
    try:
        await connect(f"ws://127.0.0.1:{port}/api", proxy=None)
        raise SystemExit("a WebSocket without a token was opened")
    except InvalidStatus as refused:
        assert refused.response.status_code == 401, refused
    many = await asyncio.gather(*[opened(public, subprotocols=["chat"]) for _ in range(50)])
    for number, connection in enumerate(many):
        await connection.send(str(number))
    for number, connection in enumerate(many):
        assert await connection.recv() == str(number)
    gateway.terminate()
    for connection in many:
        await connection.wait_closed()
    assert gateway.wait(20) == 0


async def main():
    port, admin = free_port(), free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        async with serve(echo, "127.0.0.1", 0, subprotocols=["chat"]) as backend:
            target = backend.sockets[0].getsockname()[1]
            (folder / "keys.json").write_text(KEYS)
            file = folder / "portcullis.yaml"
            file.write_text(CONFIGURATION.format(port=port, admin=admin, backend=target))
            gateway = subprocess.Popen([sys.argv[1], "serve", "--config", str(file)], stdout=subprocess.DEVNULL)
            try:
                await check(port, gateway)
            finally:
                gateway.kill()
    print("WebSockets of another implementation pass: messages, ping, subprotocol, close, refusal, drain")


asyncio.run(asyncio.wait_for(main(), 60))
