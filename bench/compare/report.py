"""The report as Markdown."""
import statistics


def median(samples, figure):
    return statistics.median(sample[figure] for sample in samples if "failed" not in sample)


def middle(summary, figure):
    return summary[figure]["median"] if summary.get(figure) else None


def number(value, digits=0, scale=1):
    return "–" if value is None else f"{value / scale:,.{digits}f}"


def milliseconds(value):
    if value is None:
        return "–"
    value /= 1000
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def spread(summary, figure, digits):
    found = summary.get(figure)
    if not found:
        return "–"
    return f"{found['median']:.{digits}f} ({found['least']:.{digits}f}–{found['most']:.{digits}f})"


def remark(row, summary):
    """What is wrong with a row's figures, in words."""
    parts = [row["note"]] if row["note"] else []
    if summary["failed"]:
        parts.append(f"**{len(summary['failed'])} rounds failed: {summary['failed'][0]}**")
    if summary["errors"]:
        statuses = ", ".join(f"{count} × {status}" for status, count in sorted(summary["statuses"].items()))
        parts.append(f"**{summary['errors']:,} errors of {summary['answers']:,} ({statuses})**")
    if summary["wrong_shares"]:
        parts.append("**wrong shares of statuses**")
    if summary["unsent"]:
        parts.append(f"{summary['unsent']:,} due and never sent")
    return "; ".join(parts)


def saturation_table(section):
    bound = next((middle(row["saturated"], "cpu_us") for row in section["rows"] if row["bound"] and not row["missing"]), None)
    relative = section["name"] == "proxies"
    lines = ["| | CPU µs a request | " + ("× nginx | " if relative else "") +
             "requests/s | busy | average ms | p50 ms | p99 ms | p99.9 ms | memory MiB | |",
             "| --- |" + " ---: |" * (9 if relative else 8) + " --- |"]
    for row in section["rows"]:
        if row["missing"]:
            lines.append(f"| {row['name']} |" + " – |" * (9 if relative else 8) + f" not there: {row['missing']} |")
            continue
        figures = row["saturated"]
        cpu = middle(figures, "cpu_us")
        ratio = f" {number(cpu / bound if cpu and bound else None, 2)} |" if relative else ""
        busy = middle(figures, "busy")
        lines.append(
            f"| {row['name']} | {spread(figures, 'cpu_us', 1)} |{ratio} {number(middle(figures, 'rate'))} | "
            f"{number(busy * 100 if busy is not None else None)} % | "
            + " | ".join(milliseconds(middle(figures, f)) for f in ("average_us", "p50_us", "p99_us", "p999_us"))
            + f" | {number(middle(figures, 'resident_mib'))} | {remark(row, figures)} |")
    return lines


def paced_tables(section):
    rows = [row for row in section["rows"] if row["paced"]]
    if not rows:
        return []
    lines = []
    for share in rows[0]["paced"]:
        own = share == "0.7"
        rate = f"{float(share) * 100:.0f} % of what each makes itself" if own else (
            f"{float(share) * section['ceiling']:,.0f} requests a second, {float(share) * 100:.0f} % of what the slowest makes")
        lines += [f"\nAt {rate}:\n", "| | requests/s | CPU µs a request | average ms | p50 ms | p99 ms | p99.9 ms | p99.9 over the rounds | |",
                  "| --- |" + " ---: |" * 7 + " --- |"]
        for row in rows:
            figures = row["paced"].get(share)
            if not figures:
                continue
            over = figures.get("p999_us")
            over = f"{milliseconds(over['least'])}–{milliseconds(over['most'])}" if over else "–"
            lines.append(f"| {row['name']} | {number(middle(figures, 'rate'))} | {number(middle(figures, 'cpu_us'), 1)} | "
                         + " | ".join(milliseconds(middle(figures, f)) for f in ("average_us", "p50_us", "p99_us", "p999_us"))
                         + f" | {over} | {remark(row, figures)} |")
    return lines


# Which of our rows stands for which of the published ones.
COUNTERPARTS = {
    "database sessions": ("FastAPI, database sessions", "FastAPI, database sessions, last use written"),
    "pure JWT": ("FastAPI, pure JWT", "Portcullis (deny-list off) + FastAPI"),
    "JWT + Redis deny-list": ("FastAPI, JWT + Redis deny-list", "Portcullis (query) + FastAPI", "Portcullis (mirror) + FastAPI"),
}


def published_table(section):
    """The figures that were published beside those measured, at saturation and at a rate that all of them bear."""
    rows = {row["name"]: row for row in section["rows"] if not row["missing"]}
    lines = ["\nThe published figures beside these. At which load the former were measured is not known; here: at saturation, and "
             "at three quarters of what the slowest makes.\n",
             "| | average ms | p99 ms | requests/s | average ms, paced | p99 ms, paced |", "| --- |" + " ---: |" * 5]
    for name, figures in section["published"]:
        lines.append(f"| *published: {name}* | *{figures['average_ms']}* | *{figures['p99_ms']}* | *{figures['rate']}* | | |")
        for other in COUNTERPARTS[name]:
            if other in rows:
                full, paced = rows[other]["saturated"], rows[other]["paced"].get("0.75", {})
                lines.append(f"| {other} | {milliseconds(middle(full, 'average_us'))} | {milliseconds(middle(full, 'p99_us'))} | "
                             f"{number(middle(full, 'rate'))} | {milliseconds(middle(paced, 'average_us'))} | "
                             f"{milliseconds(middle(paced, 'p99_us'))} |")
    return lines


def text(document):
    machine = document["machine"]
    lines = [
        f"# Benchmark of {document['date']}", "",
        f"{machine['processors']} processors ({machine['processor']}), Linux {machine['system']}; "
        + "; ".join(machine["versions"].values()) + ".", "",
        f"Everything on loopback, in one run of {document['minutes']} minutes. The rows of a table took turns: up to "
        f"{document['rounds']} rounds of {document['seconds']:g} s each (at fixed rates {document['paced_seconds']:g} s), after a "
        "warm-up; figures are medians of the rounds, in brackets their range. CPU is what all processes of a row used, user and "
        "system, for one answer; it depends least on who else uses the machine. `busy` is how much of a processor they had: where it "
        "is well below 100 %, the load and not the row set the number of requests. At fixed rates each request is "
        "timed from when it was due, whether or not a connection was free; at saturation from when it was sent. Memory is "
        "resident, what processes share counted once.",
    ]
    if document["quick"]:
        lines += ["", "**A quick run, only good to see that it works.**"]
    for section in document["sections"]:
        lines += ["", f"## {section['title']}", "", section["text"], ""] + saturation_table(section) + paced_tables(section)
        if section["published"]:
            lines += published_table(section)
    return "\n".join(lines) + "\n"
