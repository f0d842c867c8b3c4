"""HAProxy asks the gateway about each request, with deploy/examples/haproxy."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import forward_auth


def main():
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    if not pathlib.Path(program).exists():
        print("  HAProxy is not installed; SKIPPED")
        return
    forward_auth.run("HAProxy", "haproxy", ["haproxy.cfg", "auth-request.lua"], lambda folder: [
        program, "-db", "-C", folder, "-f", "haproxy.cfg"])


if __name__ == "__main__":
    main()
