"""A backend in a process of its own, to be killed and stopped: prints its port, answers with its name.

usage: backend.py NAME [--port N | --unix PATH] [--tls CERTIFICATE KEY] [--client-ca FILE]
"""
import os, socket, ssl, sys, threading

name, arguments = sys.argv[1], sys.argv[2:]


def option(key, count=1):
    if key not in arguments:
        return None
    at = arguments.index(key) + 1
    return arguments[at : at + count]


context = None
if files := option("--tls", 2):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if authority := option("--client-ca"):
        context.load_verify_locations(authority[0])
        context.verify_mode = ssl.CERT_REQUIRED

    def remember_name(connection, server_name, _):
        connection.sni = server_name

    context.sni_callback = remember_name

if path := option("--unix"):
    listener = socket.socket(socket.AF_UNIX)
    if os.path.exists(path[0]):
        os.unlink(path[0])
    listener.bind(path[0])
else:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", int((option("--port") or ["0"])[0])))
listener.listen(512)
print(listener.getsockname()[1] if not path else 0, flush=True)


def describe(connection, head):
    host = next((line[6:] for line in head.split("\r\n") if line.lower().startswith("host: ")), "-")
    tls = "-"
    if context:
        subject = dict(pair[0] for pair in (connection.getpeercert() or {}).get("subject", ()))
        tls = f"{getattr(connection, 'sni', None)} {connection.selected_alpn_protocol()} {subject.get('commonName')}"
    return f"{name} {host} {tls}"


def serve(connection):
    if context:
        connection = context.wrap_socket(connection, server_side=True)
    received = b""
    while True:
        while b"\r\n\r\n" not in received:
            part = connection.recv(65536)
            if not part:
                return connection.close()
            received += part
        head, received = received.split(b"\r\n\r\n", 1)
        head = head.decode()
        length = next((int(l.split(":")[1]) for l in head.split("\r\n") if l.lower().startswith("content-length")), 0)
        while len(received) < length:
            received += connection.recv(65536)
        received = received[length:]
        target = head.split(" ")[1]
        if "until-close" in target:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nto the end")
            if "clean" in target and context:
                connection = connection.unwrap()
            else:
                # The end of the TCP stream, with no word from TLS.
                connection.shutdown(socket.SHUT_WR)
                os.close(connection.detach())
                return
            return connection.close()
        body = describe(connection, head).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def guarded(connection):
    try:
        serve(connection)
    except (OSError, ValueError, ssl.SSLError):
        connection.close()


while True:
    accepted, _ = listener.accept()
    threading.Thread(target=guarded, args=(accepted,), daemon=True).start()
