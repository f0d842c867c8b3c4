"""A PostgreSQL server with its default settings, on loopback, in a folder of its own."""
import glob, os, pwd, shutil, subprocess, tempfile
from pathlib import Path

from lab import eventually, free_port, wait_for_port
from processes import NotThere

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE sessions (id text PRIMARY KEY, user_id bigint NOT NULL REFERENCES users, revoked boolean NOT NULL DEFAULT false,
                       expires_at timestamptz NOT NULL, last_used_at timestamptz NOT NULL DEFAULT now());
INSERT INTO users SELECT i, 'user-' || i FROM generate_series(0, 9999) i;
INSERT INTO sessions SELECT md5('session-' || i), i % 10000, false, now() + interval '1 day' FROM generate_series(0, 99999) i;
ANALYZE;
"""


def programs():
    """The folder of the newest PostgreSQL of this machine."""
    found = [Path(path).parent for path in glob.glob("/usr/lib/postgresql/*/bin/initdb")]
    if not found and shutil.which("initdb"):
        found = [Path(os.path.realpath(shutil.which("initdb"))).parent]
    if not found:
        raise NotThere("PostgreSQL is not installed")
    return max(found, key=lambda folder: [int(p) for p in folder.parent.name.split(".") if p.isdigit()])


def start(bench):
    """Makes a cluster, fills it, and starts it on the processor of servers. PostgreSQL refuses to run as root."""
    folder, port = programs(), free_port()
    data = Path(tempfile.mkdtemp(prefix="portcullis-postgres-"))
    bench.folders.append(data)
    prefix = []
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        account = pwd.getpwnam(user)
        os.chown(data, account.pw_uid, account.pw_gid)
        prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    subprocess.run([*prefix, str(folder / "initdb"), "-D", str(data / "cluster"), "-U", "bench", "-A", "trust", "-E", "UTF8",
                    "--locale=C", "--no-sync"], check=True, capture_output=True, cwd=data)
    process = bench.start(folder / "postgres", "-D", data / "cluster", "-p", port, "-c", "listen_addresses=127.0.0.1", "-k", data,
                          prefix=(*bench.server_pin, *prefix), name="postgres", cwd=data)
    wait_for_port(port, process)
    psql = [str(folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port), "-U", "bench", "-d", "postgres"]
    if not eventually(lambda: subprocess.run([*psql, "-c", "SELECT 1"], capture_output=True).returncode == 0):
        raise NotThere("PostgreSQL takes no connections")
    subprocess.run([*psql, "-c", SCHEMA], check=True, capture_output=True)
    return process, f"postgres://bench@127.0.0.1:{port}/postgres"
