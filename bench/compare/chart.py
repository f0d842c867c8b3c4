"""The report's chart: bars, readable on a light and on a dark page."""
from html import escape

WIDTH, LABELS, BAR, GAP, TOP = 860, 330, 18, 8, 64

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600; font-size: 15px }
  .small { font-size: 12px; fill: #59636e }
  .ours { fill: #0969da } .bound { fill: #8c959f } .other { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc } .small { fill: #9198a1 }
    .ours { fill: #4493f8 } .bound { fill: #656c76 } .other { fill: #db6d28 }
  }"""


def middle(row, figure):
    return row["saturated"].get(figure, {}).get("median") if not row["missing"] else None


def panel(title, subtitle, bars, top):
    """Lines of one group of bars, and where the next may begin. `bars`: name, kind, value, what stands behind the bar."""
    lines = [f'  <text class="title" x="16" y="{top + 22}">{escape(title)}</text>',
             f'  <text class="small" x="16" y="{top + 42}">{escape(subtitle)}</text>']
    most, y = max(value for _, _, value, _ in bars), top + TOP - 8
    for name, kind, value, words in bars:
        width = max(1, round(value / most * (WIDTH - LABELS - 130)))
        lines += [f'  <text x="{LABELS - 10}" y="{y + 14}" text-anchor="end">{escape(name)}</text>',
                  f'  <rect class="{kind}" x="{LABELS}" y="{y}" width="{width}" height="{BAR}" rx="3"/>',
                  f'  <text class="small" x="{LABELS + width + 8}" y="{y + 14}">{escape(words)}</text>']
        y += BAR + GAP
    return lines, y + 12


def bars_of(section, figure, words):
    made = []
    for row in section["rows"]:
        value = middle(row, figure)
        if value is None or "driven by" in row["name"]:
            continue
        kind = "ours" if row["ours"] else "bound" if row["bound"] else "other"
        made.append((row["name"], kind, value, words(row, value)))
    return made


def draw(document):
    """The whole picture: CPU of the gateways, and what the ways of knowing who asks leave of a service."""
    sections = {section["name"]: section for section in document["sections"]}
    lines, top = [], 8
    if "proxies" in sections:
        bars = bars_of(sections["proxies"], "cpu_us", lambda row, value: f"{value:.1f} µs")
        if bars:
            made, top = panel("CPU for one request, in microseconds (less is better)",
                              f"One worker, 64 connections, loopback, {document['date']}", bars, top)
            lines += made
    if "sessions" in sections:
        def words(row, value):
            return f"{value:,.0f}/s, p99 {middle(row, 'p99_us') / 1000:,.0f} ms"
        bars = bars_of(sections["sessions"], "rate", words)
        if bars:
            made, top = panel("Requests a second of a FastAPI service on one processor (more is better)",
                              "Database, Redis and gateway on the same processor; 64 connections at saturation", bars, top)
            lines += made
    if not lines:
        lines, top = ['  <text x="16" y="30">Nothing to draw: no row of a section with a chart was measured.</text>'], 48
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img" '
            f'aria-label="Benchmark of {document["date"]}">\n  <style>{STYLE}\n  </style>\n' + "\n".join(lines) + "\n</svg>\n")
