"""What makes the load: openloop (of this folder), wrk, h2load, and clients in Python for what needs the last answer."""
import json, re, subprocess, threading

from keys import pack
from processes import HERE

_numbers = iter(range(1 << 30))


class Load:
    """Requests for a port, in a file that the generators read."""

    def __init__(self, bench, port, messages, connections):
        self.port, self.messages, self.connections = port, messages, connections
        self.path = bench.folder / f"requests-{next(_numbers)}"
        self.path.write_bytes(pack(messages))


def build(bench):
    """Compiles openloop; Swift comes with the compiler."""
    program = bench.folder / "openloop"
    for compiler in ("clang", "cc"):
        try:
            subprocess.run([compiler, "-O2", "-o", program, HERE / "openloop.c"], check=True, capture_output=True)
            return
        except (OSError, subprocess.CalledProcessError) as error:
            reason = error
    raise SystemExit(f"openloop.c cannot be compiled: {reason}")


def run(bench, argv, seconds):
    """A generator's output; it is ended when it outlives its time by far."""
    process = bench.spawn_load(argv)
    try:
        out, errors = process.communicate(timeout=seconds + 30)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode != 0:
        raise SystemExit(f"{argv[0]} ended with {process.returncode}: {(errors or out)[-200:]}")
    return out


def closed_loop(bench, load, seconds, rate=0, meter=None):
    """As fast as the server answers, or with a rate that many each second, timed from when they were due.

    `meter` is read after a warm-up and when the last answer has come, so that opening connections does not count."""
    warm = 0.4 if load.connections < 1000 else 2.5
    process = bench.spawn_load([bench.folder / "openloop", load.port, load.connections, rate, warm, seconds, load.path])
    timer = threading.Timer(warm + seconds + 30, process.kill)
    timer.start()
    readings, sample = [], None
    try:
        for line in process.stdout:
            if line in ("begin\n", "end\n"):
                readings.append(meter() if meter else None)
            else:
                sample = json.loads(line)
        process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        timer.cancel()
    if process.returncode != 0 or sample is None:
        raise SystemExit(f"openloop ended with {process.returncode}: {process.stderr.read()[-200:]}")
    sample.update(generator="openloop", readings=readings)
    return sample


WRK = r"""
local messages, next_message = {}, 0
function init(args)
  local file = io.open(args[1], "rb")
  local text = file:read("*a"); file:close()
  local offset = 1
  while offset <= #text do
    local a, b, c, d = text:byte(offset, offset + 3)
    local length = a + b * 256 + c * 65536 + d * 16777216
    messages[#messages + 1] = text:sub(offset + 4, offset + 3 + length)
    offset = offset + 4 + length
  end
end
function request() next_message = next_message % #messages + 1; return messages[next_message] end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('JSON {"seconds": %f, "answers": %d, "broken": %d, "bad": %d, "average_us": %f, "p50_us": %f, "p90_us": %f, "p99_us": %f, "p999_us": %f, "most_us": %f}\n',
    summary.duration / 1e6, summary.requests, e.connect + e.read + e.write + e.timeout, e.status, latency.mean,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max))
end
"""


def wrk(bench, load, seconds, rate=0, meter=None):
    """The same closed loop by wrk, to hold openloop against."""
    script = bench.write("wrk.lua", WRK)
    # wrk counts in whole seconds.
    seconds = max(1, round(seconds))
    # It has no warm-up of its own.
    closed_loop(bench, load, 0.1)
    before = meter() if meter else None
    out = run(bench, ["wrk", "-t1", f"-c{load.connections}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{load.port}", "--",
                      load.path], seconds)
    sample = json.loads(re.search(r"^JSON (.*)$", out, re.M).group(1))
    bad = sample.pop("bad")
    sample["readings"] = [before, meter() if meter else None]
    sample.update(generator="wrk", statuses={"200": sample["answers"] - bad, **({"599": bad} if bad else {})})
    return sample


def h2load(*flags):
    """HTTP/2 or TLS by h2load, whose times begin when a request is sent. It repeats the first request."""
    def drive(bench, load, seconds, rate=0, meter=None):
        lines = load.messages[0].decode().split("\r\n")
        path = lines[0].split()[1]
        fields = [word for line in lines[1:] if line and not line.lower().startswith("host:") for word in ("-H", line)]
        warm = 1 if seconds >= 1 else 0
        argv = ["h2load", *flags, "-t1", f"-c{load.connections}", f"-D{max(1, round(seconds))}", f"--warm-up-time={warm}",
                "--log-file", bench.folder / "h2load.log", *fields, f"https://127.0.0.1:{load.port}{path}"]
        (bench.folder / "h2load.log").unlink(missing_ok=True)
        out = run(bench, argv, seconds + warm)
        return read_h2load(out, bench.folder / "h2load.log", max(1, round(seconds)))
    return drive


def read_h2load(out, log, seconds):
    answers = int(re.search(r"^requests: .* (\d+) done", out, re.M).group(1))
    failed = int(re.search(r"^requests: .* (\d+) failed", out, re.M).group(1))
    # Each line: when it began, its status, how many microseconds it took.
    rows = [line.split("\t") for line in log.read_text().splitlines()] if log.exists() else []
    times = sorted(int(row[2]) for row in rows if len(row) == 3 and row[1].isdigit())
    statuses = {}
    for row in rows:
        if len(row) == 3:
            statuses[row[1]] = statuses.get(row[1], 0) + 1
    if not times:
        raise SystemExit("h2load had no answers")

    def at(share):
        return times[min(len(times) - 1, int(len(times) * share))]

    return {"generator": "h2load", "seconds": seconds, "answers": answers, "broken": failed, "average_us": sum(times) / len(times),
            "p50_us": at(0.5), "p90_us": at(0.9), "p99_us": at(0.99), "p999_us": at(0.999), "most_us": times[-1],
            "statuses": statuses}
