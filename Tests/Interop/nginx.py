"""nginx asks the gateway about each request, with deploy/examples/nginx/nginx.conf."""

import pathlib
import shutil
import socket
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests/Interop/support"))
import forward_auth
from gateway import Gateway, free_port, wait_until


def main():
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not pathlib.Path(program).exists():
        print("  nginx is not installed; SKIPPED")
        return
    with Gateway(sections=['trusted_proxies: ["127.0.0.1/32"]']) as gateway:
        port = free_port()
        text = (ROOT / "deploy/examples/nginx/nginx.conf").read_text()
        for old, new in {8080: gateway.port, 9000: gateway.backend.server_port, 8000: port}.items():
            assert f"127.0.0.1:{old}" in text, old
            text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
        configuration = gateway.folder / "nginx.conf"
        configuration.write_text(text)
        # In the folder of the test, in the foreground, so that it ends with it.
        gateway.start(
            "nginx.log", program, "-p", str(gateway.folder), "-c", str(configuration), "-e", "stderr",
            "-g", "daemon off; pid nginx.pid;")
        wait_until(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, "nginx")
        forward_auth.check(gateway, f"http://127.0.0.1:{port}", unavailable=503)
    print("  nginx lets through whom the gateway lets through, and nobody while Redis is away")


if __name__ == "__main__":
    main()
