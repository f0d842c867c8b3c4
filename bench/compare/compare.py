#!/usr/bin/env python3
"""Measures Portcullis beside what people would use instead, everything on loopback, and writes a report.

    compare.py --gateway PATH [--only WORD …] [--quick] [--rounds N] [--results FOLDER]

Three sections: proxies, sessions, scenarios. The rows of a section take turns, round after round; the report has medians and
what they range over. --only takes names of sections or parts of names of rows. --quick is for who works on this program.
Writes FOLDER/DATE.json, .md and .svg. Wants the packages of requirements.txt; what is not installed is a row that says so.
"""
import argparse, datetime, json, os, platform, resource, signal, subprocess, sys, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "support"))
sys.dont_write_bytecode = True

import chart, generators, proxies, report, scenarios, sessions
from keys import Keys
from processes import Bench

SECTIONS = {"proxies": proxies, "sessions": sessions, "scenarios": scenarios}
SHARES = (0.25, 0.5, 0.75, 0.9)
# Of its own throughput, not of the slowest one's.
OWN_SHARE = 0.7


class Clock:
    """How long everything may take, and whether there is time for another round."""

    def __init__(self, minutes):
        self.end = time.monotonic() + minutes * 60

    def allows(self, seconds):
        return time.monotonic() + seconds <= self.end


def say(text):
    print(text, flush=True)


def chosen(rows, name, words):
    if not words or name in words:
        return rows
    return [row for row in rows if any(word in row.name for word in words if word not in SECTIONS)]


def rounds(count, clock, step):
    """Runs `step` for each round, and less often when the next one would not end in time; the first always runs."""
    took = 0
    for number in range(count):
        if number and not clock.allows(took):
            say(f"  no time for round {number + 1}")
            return
        start = time.monotonic()
        step()
        took = time.monotonic() - start


def measure_section(name, module, options, clock):
    """The rows of a section, measured; and the rate that the shares are of."""
    with Bench(options) as bench:
        generators.build(bench)
        keys = Keys(bench)
        rows = chosen(module.rows(bench, keys), name, options.only)
        if not rows:
            return None
        say(f"{module.TITLE}: {len(rows)} rows")
        live = []
        for row in rows:
            if row.prepare(bench):
                live.append(row)
            else:
                say(f"  {row.name}: not there ({row.missing})")

        def saturate():
            for row in live:
                sample = row.measure(bench, options.seconds)
                row.saturated.append(sample)
                say(f"  {row.name}: {line(sample)}")

        rounds(options.rounds, clock, saturate)
        paced = [row for row in live if row.is_paced and any("failed" not in s for s in row.saturated)]
        ceiling = min((report.median(row.saturated, "rate") for row in paced), default=None)

        def pace():
            for share in (*SHARES, OWN_SHARE) if name == "proxies" else SHARES:
                for row in paced:
                    rate = share * (report.median(row.saturated, "rate") if share == OWN_SHARE else ceiling)
                    row.paced.setdefault(share, []).append(row.measure(bench, options.paced_seconds, rate))

        if paced:
            say(f"  at fixed rates; the slowest makes {ceiling:,.0f} a second")
            rounds(options.rounds, clock, pace)
        say("  ending the section's processes")
    return {"name": name, "title": module.TITLE, "text": module.TEXT, "ceiling": ceiling, "rows": [row.result() for row in rows],
            "published": getattr(module, "PUBLISHED", None)}


def line(sample):
    if "failed" in sample:
        return f"failed: {sample['failed']}"
    errors = f", {sample['errors']} errors {sample['statuses']}" if sample["errors"] or sample.get("wrong_shares") else ""
    return (f"{sample['cpu_us'] or 0:.1f} µs CPU, {sample['rate']:,.0f}/s, p99 {sample['p99_us'] / 1000:.2f} ms, "
            f"{sample['busy'] * 100:.0f} % busy{errors}")


def machine():
    """What the figures were measured on."""
    model = next((text.split(":", 1)[1].strip() for text in Path("/proc/cpuinfo").read_text().splitlines()
                  if text.startswith("model name")), platform.machine())
    versions = {}
    for name, argv in (("nginx", ["nginx", "-v"]), ("HAProxy", ["haproxy", "-v"]), ("Redis", ["redis-server", "--version"]),
                       ("h2load", ["h2load", "--version"])):
        try:
            done = subprocess.run(argv, capture_output=True, text=True)
            versions[name] = (done.stdout + done.stderr).strip().splitlines()[0]
        except OSError:
            versions[name] = "not there"
    return {"processor": model, "processors": len(os.sched_getaffinity(0)), "system": platform.release(), "versions": versions}


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--paced-seconds", type=float, default=1.5)
    parser.add_argument("--minutes", type=float, default=16)
    parser.add_argument("--results", type=Path, default=HERE.parent / "results")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds, options.paced_seconds = 1, 1, 0.5
    return options


def main():
    options = parse()
    # Ended is ended the same way by Ctrl-C and by kill: what was started is stopped.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, most), most))
    start, clock = time.monotonic(), Clock(options.minutes)
    document = {"date": datetime.date.today().isoformat(), "machine": machine(), "rounds": options.rounds,
                "seconds": options.seconds, "paced_seconds": options.paced_seconds, "quick": options.quick, "sections": []}
    for name, module in SECTIONS.items():
        section = measure_section(name, module, options, clock)
        if section:
            document["sections"].append(section)
    document["minutes"] = round((time.monotonic() - start) / 60, 1)
    options.results.mkdir(parents=True, exist_ok=True)
    stem = options.results / document["date"]
    stem.with_suffix(".json").write_text(json.dumps(document, indent=1) + "\n")
    stem.with_suffix(".md").write_text(report.text(document))
    stem.with_suffix(".svg").write_text(chart.draw(document))
    say(report.text(document))
    say(f"Written: {stem}.json, .md and .svg, after {document['minutes']} minutes")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
