"""The gateway is the proxy before FastAPI on uvicorn, Node's own server, and nginx with static files."""

import pathlib
import shutil
import socket
import sys
import threading

import fastapi
import requests
import uvicorn

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))
from forward_auth import ALIASES, login
from gateway import Gateway, free_port, wait_until

NODE = """
const http = require('http');
http.createServer((request, response) => {
  let size = 0;
  request.on('data', part => { size += part.length; });
  request.on('end', () => {
    response.setHeader('Content-Type', 'application/json');
    response.setHeader('Connection', 'keep-alive, X-Hop');
    response.setHeader('X-Hop', 'stays here');
    // Chunked, in two parts.
    response.write('{"method": ' + JSON.stringify(request.method) + ', "size": ' + size + ', ');
    response.end('"fields": ' + JSON.stringify(request.headers) + '}');
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
"""

NGINX = """
error_log stderr; pid nginx.pid;
events {{}}
http {{
    access_log off;
    server {{
        listen 127.0.0.1:{port};
        root {root};
    }}
}}
"""

ROUTES = """\
  - {path: /fastapi, upstream: fastapi, strip_prefix: true, auth: {any_of: [jwt], scopes: ["orders:read"]}}
  - {path: /node, upstream: node, auth: {any_of: [jwt], scopes: ["orders:read"]}}
  - {path: /files, upstream: files, auth: {any_of: [jwt], scopes: ["orders:read"]}}
"""


def fastapi_service(port):
    application = fastapi.FastAPI()

    @application.api_route("/items/{item}", methods=["GET", "POST"])
    async def item(item: str, request: fastapi.Request):
        body = await request.body()
        # The way WSGI and CGI name fields, in which X_Auth_Subject and X-Auth-Subject are one.
        names = {name.upper().replace("-", "_").replace(".", "_"): value for name, value in request.headers.items()}
        return {"item": item, "size": len(body), "names": names}

    @application.get("/stream")
    async def stream():
        return fastapi.responses.StreamingResponse((f"part {index}\n" for index in range(1000)), media_type="text/plain")

    @application.websocket("/socket")
    async def nothing(socket: fastapi.WebSocket):
        await socket.close()

    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    wait_until(lambda: server.started, "FastAPI")
    return server


def main():
    node, nginx = shutil.which("node"), shutil.which("nginx") or "/usr/sbin/nginx"
    if not node or not pathlib.Path(nginx).exists():
        print("  node or nginx is not installed; SKIPPED")
        return
    ports = {name: free_port() for name in ("fastapi", "node", "files")}
    upstreams = "".join(f'  {name}: {{targets: ["http://127.0.0.1:{port}"]}}\n' for name, port in ports.items())
    # Before `routes:`, where upstreams end.
    gateway = Gateway(routes=ROUTES)
    text = gateway.configuration.read_text()
    gateway.configuration.write_text(text.replace("routes:\n", upstreams + "routes:\n", 1))
    server = fastapi_service(ports["fastapi"])
    (gateway.folder / "server.js").write_text(NODE)
    root = gateway.folder / "root/files"
    root.mkdir(parents=True)
    content = bytes(range(256)) * 4096
    (root / "large.bin").write_bytes(content)
    # nginx' workers are another account.
    for folder in (gateway.folder, root.parent, root):
        folder.chmod(0o711)
    (gateway.folder / "nginx.conf").write_text(NGINX.format(port=ports["files"], root=root.parent))
    if sys.platform == "linux" and pathlib.Path("/proc/self").stat().st_uid == 0:
        (gateway.folder / "nginx.conf").write_text("user root;" + (gateway.folder / "nginx.conf").read_text())
    try:
        gateway.start("node.log", node, "server.js", str(ports["node"]))
        gateway.start("nginx.log", nginx, "-p", str(gateway.folder), "-c", str(gateway.folder / "nginx.conf"),
                      "-e", "stderr", "-g", "daemon off;")
        for name in ("node", "files"):
            wait_until(lambda: socket.create_connection(("127.0.0.1", ports[name]), 1).close() or True, name)
        with gateway:
            check(gateway, content)
    finally:
        gateway.__exit__()
        server.should_exit = True
    print("  FastAPI, Node and nginx get what the gateway lets through, whole and with nobody's forged identity")


def check(gateway, content):
    session = requests.Session()
    for path in ("/fastapi/items/1", "/node", "/files/large.bin"):
        answer = session.get(gateway.url + path, timeout=10)
        assert answer.status_code == 401 and "Bearer" in answer.headers["WWW-Authenticate"], path
    narrow = login(gateway.url, "orders:write")
    for path in ("/fastapi/items/1", "/node", "/files/large.bin"):
        answer = session.get(gateway.url + path, headers={"Authorization": f"Bearer {narrow}"}, timeout=10)
        assert answer.status_code == 403, path
    token = login(gateway.url, "orders:read")
    session.headers["Authorization"] = f"Bearer {token}"
    forged = {name: "mallory" for name in ALIASES}

    answer = session.post(gateway.url + "/fastapi/items/7?a=b", data=content, headers=forged, timeout=10)
    seen = answer.json()
    assert seen["item"] == "7" and seen["size"] == len(content), seen
    names = seen["names"]
    assert names["X_AUTH_SUBJECT"] == "alice" and "mallory" not in str(names) and "AUTHORIZATION" not in names, names
    assert session.get(gateway.url + "/fastapi/stream", timeout=10).text.count("part ") == 1000
    assert session.get(gateway.url + "/fastapi/none", timeout=10).status_code == 404

    # Chunked both ways.
    answer = session.put(gateway.url + "/node", data=iter([content, b"end"]), headers=forged, timeout=10)
    seen = answer.json()
    assert seen["method"] == "PUT" and seen["size"] == len(content) + 3, seen
    assert seen["fields"]["x-auth-subject"] == "alice" and "mallory" not in str(seen), seen
    assert "X-Hop" not in answer.headers, answer.headers

    answer = session.get(gateway.url + "/files/large.bin", headers=forged, timeout=10)
    assert answer.status_code == 200 and answer.content == content
    part = session.get(gateway.url + "/files/large.bin", headers={"Range": "bytes=10-19"}, timeout=10)
    assert part.status_code == 206 and part.content == content[10:20]
    again = session.get(
        gateway.url + "/files/large.bin", headers={"If-None-Match": answer.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and not again.content
    head = session.head(gateway.url + "/files/large.bin", timeout=10)
    assert head.status_code == 200 and head.headers["Content-Length"] == str(len(content))

    assert session.post(f"{gateway.url}/auth/logout", timeout=10).status_code == 204
    for path in ("/fastapi/items/1", "/node", "/files/large.bin"):
        assert session.get(gateway.url + path, timeout=10).status_code == 401, path


if __name__ == "__main__":
    main()
