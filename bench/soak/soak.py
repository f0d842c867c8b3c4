#!/usr/bin/env python3
"""Hours of everyday life in minutes: full load, clients that leave, stall and reset, backends and Redis that die.

    soak.py --gateway PATH [--minutes 10] [--clients 48] [--seed N]

What must hold, or the exit code is 1:
- every answer is one that can be explained: 200, the refusal that was asked for, 502 and 504 only around the death of a
  backend, 503 only around an outage of Redis; an answer is broken off only around the death of a backend;
- each 200 carries its own path, request id and subject: nobody gets what belongs to another;
- a token that was revoked is never accepted again;
- memory does not climb once warm, no descriptor is left, and SIGTERM ends it with 0.
"""
import argparse, asyncio, collections, hashlib, json, random, shutil, signal, socket, struct, sys, time, uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
from lab import *  # noqa: F403

# How long after it is back an outage may still show: connections that break late, time limits, reconnecting.
AFTERMATH = 6
WARM_UP = 0.25


class Outages:
    """When something was down; what a client saw is judged by the time between its request and its answer."""

    def __init__(self):
        self.spans = {"backend": [], "redis": []}

    def begin(self, kind):
        self.spans[kind].append([time.monotonic(), None])
        return self.spans[kind][-1]

    def stood_still(self, seconds):
        """The machine itself was away (suspended, or far too busy): every timeout may have passed."""
        now = time.monotonic()
        for spans in self.spans.values():
            spans.append([now - seconds, now])

    def end(self, span):
        span[1] = time.monotonic()

    def touches(self, kind, start):
        now = time.monotonic()
        return any(begun <= now and (ended is None or ended + AFTERMATH >= start) for begun, ended in self.spans[kind])


class Soak:
    def __init__(self, port, outages, seed):
        self.port, self.outages, self.random = port, outages, random.Random(seed)
        self.counts, self.violations = collections.Counter(), []
        self.ends = False
        self.redis_generation = 0

    def violate(self, text, detail=""):
        if self.counts["violations"] < 20:
            print(f"{time.time():.3f}  {text} {detail}", flush=True)
        self.violations.append(text)
        self.counts["violations"] += 1

    # --- The behaviours: each is called again and again ---

    async def open(self):
        return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port, limit=1 << 18), 20)

    def judge(self, what, status, start, expected=200):
        self.counts[f"{what} {status}"] += 1
        if status == expected:
            return True
        explained = (status in (502, 504) and self.outages.touches("backend", start)
                     or status == 503 and self.outages.touches("redis", start))
        if not explained:
            self.violate(f"{what}: {status} instead of {expected}")
        return False

    def broken(self, what, error, start, request=None):
        self.counts[f"{what} broken"] += 1
        if not self.outages.touches("backend", start):
            self.violate(f"{what}: {error!r}", f"after {time.monotonic() - start:.3f} s, {request}")

    async def read(self, reader):
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 60)).decode("latin1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        body = await asyncio.wait_for(reader.readexactly(int(fields.get("content-length", 0))), 60)
        return int(head[0].split()[1]), fields, body

    def make(self, subject, bearer, method="GET", target=None, body=None, chunked=False):
        identifier, target = uuid.uuid4().hex, target or f"/api/{uuid.uuid4().hex}"
        lines = [f"{method} {target} HTTP/1.1", "Host: gw.test", f"X-Request-Id: {identifier}",
                 f"X-Auth-Subject: intruder", f"Authorization: Bearer {bearer}"]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif body is not None:
            lines.append(f"Content-Length: {len(body)}")
        data = ("\r\n".join(lines) + "\r\n\r\n").encode()
        if chunked:
            for at in range(0, len(body), 7001):
                part = body[at:at + 7001]
                data += b"%x\r\n" % len(part) + part + b"\r\n"
            data += b"0\r\n\r\n"
        elif body:
            data += body
        return data, {"path": target, "method": method, "subject": subject, "client": "lab", "request_id": identifier,
                      "length": len(body or b""), "authorization": False}

    async def conversation(self, what, requests, pipelined=False):
        """Requests over one connection; each is (bytes, what the backend must have seen, status that is expected)."""
        start, writer, seen = time.monotonic(), None, None
        try:
            reader, writer = await self.open()
            if pipelined:
                writer.write(b"".join(data for data, _, _ in requests))
            for data, seen, expected in requests:
                start = start if pipelined else time.monotonic()
                if not pipelined:
                    writer.write(data)
                status, fields, body = await self.read(reader)
                if self.judge(what, status, start, expected) and expected == 200 and json.loads(body) != seen:
                    self.violate(f"{what}: mixed up: {body!r} instead of {seen}")
                if fields.get("connection") == "close":
                    break
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.broken(what, error, start, seen)
        finally:
            if writer:
                writer.close()

    async def honest(self):
        subject = f"user-{uuid.uuid4().hex}"
        bearer = token(subject)
        requests = [(*self.make(subject, bearer), 200) for _ in range(self.random.randint(1, 60))]
        await self.conversation("kept", requests)

    async def pipelining(self):
        requests = []
        for _ in range(self.random.randint(2, 12)):
            subject = f"user-{uuid.uuid4().hex}"
            requests.append((*self.make(subject, token(subject)), 200))
            if self.random.random() < 0.2:
                requests.append((*self.make(None, token("x", signature=b"x" * 32)), 401))
        await self.conversation("pipelined", requests, pipelined=True)

    async def uploading(self):
        subject = f"user-{uuid.uuid4().hex}"
        bearer, requests = token(subject), []
        for _ in range(3):
            body = bytes(self.random.randint(0, 300_000))
            made = self.make(subject, bearer, "POST", body=body, chunked=self.random.random() < 0.5)
            requests.append((*made, 200))
        await self.conversation("upload", requests)

    async def refused(self):
        bearer = self.random.choice([token("x", exp=1), token("x", aud="other"), token("x", signature=bytes(32)), "a.b.c"])
        await self.conversation("refused", [(*self.make(None, bearer), 401) for _ in range(5)])

    async def revoked(self):
        """A token that is used, revoked in Redis, and must not work again while that Redis lives."""
        subject, jti, generation = f"user-{uuid.uuid4().hex}", str(uuid.uuid4()), self.redis_generation
        bearer = token(subject, jti=jti)
        await self.conversation("before", [(*self.make(subject, bearer), 200)])
        issuer = hashlib.sha256(ISSUER.encode()).hexdigest()[:16]
        key = f"portcullis:revoked:jti:{issuer}:{jti}"
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.redis_port)
            writer.write(f"SET {key} 1 EX 600\r\n".encode())
            reply = await asyncio.wait_for(reader.readline(), 5)
            writer.close()
        except (OSError, TimeoutError):
            return
        if reply != b"+OK\r\n":
            return
        start = time.monotonic()
        for _ in range(3):
            try:
                reader, writer = await self.open()
                writer.write(self.make(subject, bearer)[0])
                status, _, _ = await self.read(reader)
                writer.close()
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                self.broken("revoked", error, start)
                return
            if self.redis_generation != generation:
                return
            self.judge("revoked", status, start, 401)

    async def large_answer(self):
        start, writer, count = time.monotonic(), None, self.random.randint(1, 3_000_000)
        try:
            reader, writer = await self.open()
            writer.write(self.make("big", token("big"), target=f"/api/bytes/{count}")[0])
            status, _, body = await self.read(reader)
            if self.judge("large", status, start) and len(body) != count:
                self.violate(f"large: {len(body)} bytes instead of {count}")
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.broken("large", error, start)
        finally:
            if writer:
                writer.close()

    async def leaving(self):
        """Says a part of something and goes, by an end or a reset."""
        data = self.random.choice([
            self.make("x", token("x"))[0], self.make("x", token("x"), "POST", body=bytes(50_000))[0],
            self.make("x", token("x"), "POST", body=bytes(50_000), chunked=True)[0],
            self.make("x", token("x"), target="/api/slow/50")[0], self.make("x", token("x"), target="/api/bytes/5000000")[0],
            self.make("x", token("x"))[0] * 30])
        try:
            _, writer = await self.open()
            writer.write(data[:self.random.randint(0, len(data))])
            await asyncio.sleep(self.random.choice([0, 0, 0.01, 0.1]))
            if self.random.random() < 0.5:
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            writer.close()
            self.counts["left"] += 1
        except (OSError, TimeoutError) as error:
            self.broken("left", error, time.monotonic())

    async def stalling(self):
        """Asks for much and takes nothing for a while."""
        try:
            _, writer = await self.open()
            writer.transport.pause_reading()
            writer.write(self.make("x", token("x"), target="/api/bytes/20000000")[0])
            await asyncio.sleep(self.random.uniform(0.1, 5))
            writer.transport.abort()
            self.counts["stalled"] += 1
        except (OSError, TimeoutError) as error:
            self.broken("stalled", error, time.monotonic())

    async def client(self):
        behaviours = [self.honest, self.pipelining, self.uploading, self.refused, self.revoked, self.large_answer,
                      self.leaving, self.stalling]
        weights = [40, 10, 8, 5, 5, 4, 20, 4]
        while not self.ends:
            behaviour = self.random.choices(behaviours, weights)[0]
            try:
                await behaviour()
            except Exception as error:
                self.violate(f"{behaviour.__name__}: {error!r}")
                await asyncio.sleep(0.1)


async def disturb(lab, soak, backends, redis):
    """Kills and stops, one thing at a time."""
    while not soak.ends:
        await asyncio.sleep(soak.random.uniform(4, 10))
        if soak.ends:
            break
        kind = soak.random.choice(["kill backend", "kill backend", "stop Redis", "kill Redis"])
        soak.counts[kind] += 1
        span = soak.outages.begin("backend" if "backend" in kind else "redis")
        if kind == "kill backend":
            index = soak.random.randrange(len(backends))
            stop(backends[index], signal.SIGKILL)
            await asyncio.sleep(soak.random.uniform(0.2, 2))
            backends[index] = await asyncio.to_thread(lab.backend, backends[index].port)
        elif kind == "stop Redis":
            redis[0].send_signal(signal.SIGSTOP)
            await asyncio.sleep(soak.random.uniform(0.2, 3))
            redis[0].send_signal(signal.SIGCONT)
        else:
            soak.redis_generation += 1
            stop(redis[0], signal.SIGKILL)
            await asyncio.sleep(soak.random.uniform(0.2, 2))
            redis[0] = await asyncio.to_thread(lab.redis, redis[0].port)
            soak.redis_generation += 1
        soak.outages.end(span)


def slope(samples):
    """Bytes a second by least squares."""
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0


async def run(lab, options):
    outages = Outages()
    backends, redis = [lab.backend(), lab.backend()], [lab.redis()]
    gateway = lab.gateway([b.port for b in backends], redis_port=redis[0].port, workers=2, access_log="true",
                          limits="shutdown_grace: 5s, body_idle_timeout: 10s", upstream="response_timeout: 10s",
                          # Full within seconds, so that what climbs after that is none of its entries.
                          cache=1000)
    soak = Soak(gateway.port, outages, options.seed)
    soak.redis_port = redis[0].port
    seconds = options.minutes * 60
    start, used = time.monotonic(), cpu_seconds(gateway.pid)
    first_descriptors, samples, tokens_made = descriptors(gateway.pid), [], 0
    tasks = [asyncio.create_task(soak.client()) for _ in range(options.clients)]
    tasks.append(asyncio.create_task(disturb(lab, soak, backends, redis)))
    while time.monotonic() - start < seconds:
        await asyncio.sleep(1)
        if gateway.poll() is not None:
            soak.violate(f"the gateway ended with {gateway.returncode}")
            break
        pause = time.monotonic() - start - (samples[-1][0] if samples else 0)
        if pause > 5:
            outages.stood_still(pause)
            print(f"{samples[-1][0] if samples else 0:6.0f} s  the machine stood still for {pause:.0f} s", flush=True)
        samples.append((time.monotonic() - start, resident(gateway.pid)))
        if len(samples) % 60 == 0:
            answers = sum(n for name, n in soak.counts.items() if name.split()[-1].isdigit())
            print(f"{samples[-1][0]:6.0f} s  {answers} answers, {mebibytes(samples[-1][1])}, "
                  f"{descriptors(gateway.pid)} descriptors, {len(soak.violations)} violations", flush=True)
    soak.ends = True
    await asyncio.gather(*tasks)
    if gateway.poll() is None:
        finish(gateway, soak, samples, seconds, first_descriptors, cpu_seconds(gateway.pid) - used)
    return report(soak, options, gateway)


def finish(gateway, soak, samples, seconds, first_descriptors, used):
    """What must be true when all clients have gone."""
    # What may stay: idle connections to the backends, which are closed after a minute, and those to Redis.
    allowed = first_descriptors + 200
    if not eventually(lambda: descriptors(gateway.pid) <= allowed, 20, 0.2):
        soak.violate(f"{descriptors(gateway.pid)} descriptors are left of {first_descriptors} at first")
    clients = sockets_at(gateway.port, "established", "sport")
    if not eventually(lambda: sockets_at(gateway.port, "established", "sport") == 0, 20, 0.2):
        soak.violate(f"{clients} connections of clients are left")
    warm = [sample for sample in samples if sample[0] >= seconds * WARM_UP]
    if len(warm) > 10:
        # Halves are compared by their medians too: a slope alone is moved by one peak.
        climb = slope(warm)
        half = len(warm) // 2
        middle = [sorted(y for _, y in part)[len(part) // 2] for part in (warm[:half], warm[half:])]
        print(f"memory: {mebibytes(samples[0][1])} at first, {mebibytes(warm[0][1])} warm, {mebibytes(samples[-1][1])} at last, "
              f"slope {climb * 3600 / 2**20:+.1f} MiB/h, medians of both halves {mebibytes(middle[0])} and {mebibytes(middle[1])}")
        if middle[1] - middle[0] > max(4 << 20, middle[0] // 10):
            soak.violate("memory climbs")
    print(f"descriptors: {first_descriptors} at first, {descriptors(gateway.pid)} at last; CPU {used:.0f} s")
    code = stop(gateway)
    if code != 0:
        soak.violate(f"SIGTERM ended it with {code}")


def report(soak, options, gateway):
    log = Path(gateway.log).read_text(errors="replace")
    for word in ("Fatal error", '"severity":"CRITICAL"'):
        if word in log:
            soak.violate(f"the log has {word}")
    for name, count in sorted(soak.counts.items()):
        print(f"{count:9}  {name}")
    for text, count in collections.Counter(soak.violations).most_common(20):
        print(f"VIOLATION {count} times: {text}")
    if soak.violations:
        kept = f"{gateway.log}.kept".replace(str(Path(gateway.log).parent), str(Path(gateway.log).parent.parent))
        shutil.copy(gateway.log, kept)
        print(f"the gateway's log is kept in {kept}")
    print(f"seed {options.seed}: " + (f"{len(soak.violations)} violations" if soak.violations else "all is well"))
    return 1 if soak.violations else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True, help="the built portcullis")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=48)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    with Lab(options.gateway) as lab:
        return asyncio.run(run(lab, options))


if __name__ == "__main__":
    sys.exit(main())
