#!/usr/bin/env python3
"""The backend of the load tests: says what it saw.

    backend.py PORT

/…/bytes/N      N bytes              /…/stall       reads no body, never answers
/…/slow/MS      answers after MS     /…/gzip        a body that would be a thousand times as large unpacked
/…/half         breaks off halfway   /…/hangup      closes instead of answering
anything else   JSON: path, method, subject, client, request id, length of the body
"""
import asyncio, json, sys, zlib

PIECE = b"a" * 65536
BOMB = (lambda packer: packer.compress(bytes(64 << 20)) + packer.flush())(zlib.compressobj(9, wbits=31))


class Backend(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.input, self.task, self.stalled = transport, bytearray(), None, False
        self.resumed = asyncio.Event()
        self.resumed.set()

    def connection_lost(self, error):
        self.resumed.set()
        if self.task:
            self.task.cancel()

    def pause_writing(self):
        self.resumed.clear()

    def resume_writing(self):
        self.resumed.set()

    def data_received(self, data):
        if self.stalled:
            return
        self.input += data
        if self.task is None:
            self.step()

    def step(self):
        """Takes the next whole request, if there is one. A long body is counted, not kept."""
        if not hasattr(self, "head"):
            end = self.input.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = bytes(self.input[:end]).decode("latin1").split("\r\n")
            del self.input[:end + 4]
            self.method, self.path, _ = lines[0].split(" ", 2)
            self.head = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
            self.left = int(self.head.get("content-length", 0))
            self.chunked = "transfer-encoding" in self.head
            self.length = 0
            if self.path.endswith("/stall"):
                self.stalled = True
                self.transport.pause_reading()
                return
        if self.chunked:
            if not self.take_chunks():
                return
        else:
            taken = min(self.left, len(self.input))
            del self.input[:taken]
            self.left -= taken
            self.length += taken
            if self.left:
                return
        head = self.head
        del self.head
        self.task = asyncio.ensure_future(self.respond(head))

    def take_chunks(self):
        while True:
            end = self.input.find(b"\r\n")
            if end < 0:
                return False
            size = int(self.input[:end].split(b";")[0], 16)
            if len(self.input) < end + 2 + size + 2:
                return False
            del self.input[:end + 2 + size + 2]
            self.length += size
            if size == 0:
                return True

    async def respond(self, head):
        try:
            await self.answer(head)
        finally:
            self.task = None
        if not self.transport.is_closing() and self.input:
            self.step()

    async def answer(self, head):
        parts = self.path.split("?")[0].split("/")
        if parts[-1] == "hangup":
            self.transport.abort()
        elif parts[-1] == "half":
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            await asyncio.sleep(0.01)
            self.transport.abort()
        elif parts[-1] == "gzip":
            self.send_head(len(BOMB), "Content-Encoding: gzip\r\n")
            self.transport.write(BOMB)
        elif parts[-2] == "bytes":
            left = int(parts[-1])
            self.send_head(left)
            while left and not self.transport.is_closing():
                await self.resumed.wait()
                self.transport.write(PIECE if left >= 65536 else PIECE[:left])
                left -= min(left, 65536)
        else:
            if parts[-2] == "slow":
                await asyncio.sleep(int(parts[-1]) / 1000)
            body = json.dumps({
                "path": self.path, "method": self.method, "subject": head.get("x-auth-subject"),
                "client": head.get("x-auth-client-id"), "request_id": head.get("x-request-id"), "length": self.length,
                "authorization": "authorization" in head}).encode()
            self.send_head(len(body), "Content-Type: application/json\r\n")
            if self.method != "HEAD":
                self.transport.write(body)

    def send_head(self, length, fields=""):
        self.transport.write(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{fields}\r\n".encode())


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Backend, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
