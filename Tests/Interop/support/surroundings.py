"""What a section of a document asks for beside Redis and a backend. Each may set variables, ports and replacements of the
section, and returns what ends it."""

import glob
import os
import pwd
import socket
import subprocess

from gateway import wait_until


def connect(port):
    socket.create_connection(("127.0.0.1", port), 1).close()


def tls(section):
    """A certificate for localhost of an authority in ca.crt, and a Redis that speaks TLS at port 6380."""
    folder = section.folder / "work"

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    elliptic = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *elliptic, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=An authority", "-days", "2")
    openssl("req", *elliptic, "-keyout", "tls.key", "-out", "tls.csr", "-subj", "/CN=localhost", "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1")
    openssl("x509", "-req", "-in", "tls.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-out", "tls.crt", "-days", "2",
            "-copy_extensions", "copy")
    port = section.ports[6380]
    section.start(
        "redis-tls.log", "redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--requirepass",
        "redis-of-this-test", "--tls-cert-file", str(folder / "tls.crt"), "--tls-key-file", str(folder / "tls.key"),
        "--tls-ca-cert-file", str(folder / "ca.crt"),
        "--tls-auth-clients", "no", "--appendonly", "yes", "--save", "", "--dir", str(section.folder))
    wait_until(lambda: connect(port) or True, "Redis with TLS")
    section.environment["REDIS_URL"] = f"rediss://:redis-of-this-test@localhost:{port}/0"


def container(section):
    """The variables that a platform sets."""
    section.environment.update(PORT=str(section.ports[8080]))


def postgresql(section):
    """A PostgreSQL at port 5432, and a psql that finds it."""
    programs = max(glob.glob("/usr/lib/postgresql/*/bin"))
    data, port, prefix = section.folder / "postgresql", section.ports[5432], []
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        # It refuses to run as root, and its account must reach the folder.
        account = pwd.getpwnam("postgres")
        prefix = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        os.chown(data, account.pw_uid, account.pw_gid)
        for folder in data.parents:
            if not folder.stat().st_mode & 0o001 and os.access(folder, os.W_OK):
                folder.chmod(folder.stat().st_mode | 0o011)
    subprocess.run(
        [*prefix, f"{programs}/initdb", "-D", data / "cluster", "-U", "app", "-A", "trust", "-E", "UTF8", "--locale=C",
         "--no-sync"], check=True, capture_output=True, cwd="/")
    section.start("postgresql.log", *prefix, f"{programs}/postgres", "-D", str(data / "cluster"), "-p", str(port), "-c",
                  "listen_addresses=127.0.0.1", "-k", str(data), cwd="/")
    section.environment.update(PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="app", PGDATABASE="postgres", PGOPTIONS="")
    ready = ["psql", "-X", "-q", "-c", "SELECT 1"]
    wait_until(lambda: subprocess.run(ready, env=section.environment, capture_output=True).returncode == 0, "PostgreSQL")


def keycloak(section):
    """A stub in the shape of Keycloak, with a token of it in TOKEN."""
    import issuers

    issuer = issuers.Issuer("/realms/shop", "/realms/shop/protocol/openid-connect/certs")
    access, identity, _, _, _ = issuers.keycloak(issuer)
    section.replacing["https://keycloak.example/realms/shop"] = issuer.name
    section.environment.update(TOKEN=issuer.token(access), IDENTITY_TOKEN=issuer.token(identity))
    return issuer.shutdown


SURROUNDINGS = {"TLS": tls, "a platform": container, "PostgreSQL": postgresql, "Keycloak": keycloak}
