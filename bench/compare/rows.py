"""A row of the report: a system under a load, its rounds, and what they say."""
import statistics, subprocess, time
from dataclasses import dataclass, field
from typing import Callable

import generators
from processes import NotThere


@dataclass
class Row:
    """One system under one load.

    `start` gives the server; `messages` the requests that are sent in turn (a list, or a function of the server).
    `expected` are the statuses that are right; any other answer, and each broken connection, is an error.
    `shares`, where it is given, is what part of the answers must have each status, give or take a third of it.
    """
    name: str
    start: Callable
    messages: object
    connections: int = 64
    expected: tuple = (200,)
    shares: dict = field(default_factory=dict)
    drive: Callable = generators.closed_loop
    is_paced: bool = False
    is_ours: bool = False
    is_bound: bool = False
    before: Callable = None
    seconds_factor: float = 1
    note: str = ""
    server: object = None
    missing: str = ""
    saturated: list = field(default_factory=list)
    paced: dict = field(default_factory=dict)

    def prepare(self, bench):
        """Starts the server; a system that cannot be started is a row that says so."""
        try:
            self.server = self.start(bench)
            messages = self.messages(self.server) if callable(self.messages) else self.messages
            self.load = generators.Load(bench, self.server.port, messages, self.connections)
            self.drive(bench, self.load, 1)
            if self.before:
                self.before(self.server)
        except (NotThere, SystemExit, OSError, ValueError, StopIteration, subprocess.SubprocessError) as reason:
            self.missing = str(reason).strip().splitlines()[-1][:200] if str(reason).strip() else type(reason).__name__
            self.server = None
        return self.server is not None

    def measure(self, bench, seconds, rate=0):
        """One round: what the driver says, and what the server's processes used meanwhile."""
        seconds *= self.seconds_factor if rate == 0 else 1
        try:
            readings = [self.read()]
            sample = self.drive(bench, self.load, seconds, rate, self.read)
            # A driver that knows when the connections were open and the answers there has taken readings of its own.
            readings = sample.pop("readings", None) or [*readings, self.read()]
            used, elapsed = (last - first for first, last in zip(readings[0], readings[-1]))
        except (SystemExit, OSError, ValueError, subprocess.SubprocessError) as reason:
            return {"failed": str(reason)[:200]}
        answers = sample["answers"]
        wrong = sum(count for status, count in sample["statuses"].items() if int(status) not in self.expected)
        for status, share in self.shares.items():
            if abs(sample["statuses"].get(str(status), 0) / max(1, answers) - share) > share / 3:
                sample["wrong_shares"] = True
        sample.update(
            errors=wrong + sample["broken"], rate=sample.get("in_time", answers) / sample["seconds"], wanted_rate=rate,
            cpu_us=used / answers * 1e6 if answers else None, busy=used / elapsed,
            resident_mib=self.server.resident_mebibytes())
        return sample

    def read(self):
        """CPU time of the server's processes, and the time."""
        return self.server.cpu_seconds(), time.monotonic()

    def result(self):
        """What goes into the report's JSON."""
        return {
            "name": self.name, "note": self.note, "missing": self.missing, "ours": self.is_ours, "bound": self.is_bound,
            "connections": self.connections, "saturated": summary(self.saturated),
            "paced": {str(share): summary(samples) for share, samples in self.paced.items()},
        }


FIGURES = ("cpu_us", "rate", "wanted_rate", "busy", "average_us", "p50_us", "p90_us", "p99_us", "p999_us", "most_us",
           "resident_mib")


def summary(samples):
    """Median, least and most of each figure over the rounds; errors of all rounds together."""
    good = [sample for sample in samples if "failed" not in sample]
    out = {"rounds": len(good), "failed": [s["failed"] for s in samples if "failed" in s],
           "errors": sum(s["errors"] for s in good), "answers": sum(s["answers"] for s in good),
           "unsent": sum(s.get("unsent", 0) for s in good), "wrong_shares": any(s.get("wrong_shares") for s in good),
           "statuses": {}}
    for sample in good:
        for status, count in sample["statuses"].items():
            out["statuses"][status] = out["statuses"].get(status, 0) + count
    for name in FIGURES:
        values = [s[name] for s in good if s.get(name) is not None]
        if values:
            out[name] = {"median": statistics.median(values), "least": min(values), "most": max(values)}
    return out
