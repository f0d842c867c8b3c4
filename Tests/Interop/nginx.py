"""nginx asks the gateway about each request, with deploy/examples/nginx."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
import forward_auth


def main():
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not pathlib.Path(program).exists():
        print("  nginx is not installed; SKIPPED")
        return
    forward_auth.run("nginx", "nginx", ["nginx.conf"], lambda folder: [
        program, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr", "-g", "daemon off; pid nginx.pid;"])


if __name__ == "__main__":
    main()
