"""
Draw who talks to whom in the chart supabase, or say that the picture is stale.

    python scripts/arrows.py            ends with 1 when docs/pictures/arrows.svg is another
    python scripts/arrows.py --write    draws it
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
TABLE = PROJECT / "charts" / "supabase" / "templates" / "_architecture.tpl"
PICTURE = PROJECT / "docs" / "pictures" / "arrows.svg"
Arrows = dict[str, list[str]]

# Columns from callers to called; the table says who is in the picture, this only where.
COLUMNS = (
    ("monitoring", "edge", "test", "sql", "tenant"),
    ("vector", "gateway", "supavisor"),
    ("analytics", "studio", "meta", "auth", "functions", "realtime"),
    ("rest", "storage", "imgproxy"),
    ("db", "database", "s3", "mail", "web", "collector"),
)
MEANING = {
    "edge": "clients",
    "sql": "SQL clients",
    "test": "helm test",
    "tenant": "job",
    "monitoring": "metrics",
    "database": "PostgreSQL",
    "db": "development",
    "s3": "S3Proxy",
    "mail": "SMTP",
    "web": "HTTPS",
    "collector": "traces",
}
OUTSIDE = (*COLUMNS[0], "database", "s3", "mail", "web", "collector")
QUIET = ("monitoring", "collector")  # Their arrows are many and alike.
WIDTH, HEIGHT, STEP, GAP, TOP = 116, 40, 208, 74, 40
COLOURS = ("#2563eb", "#0f766e", "#9333ea", "#b45309", "#be123c", "#475569", "#4d7c0f", "#0369a1")

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" \
font-family="system-ui, sans-serif" font-size="13">
  <title>Who talks to whom: the table in charts/supabase/templates/_architecture.tpl</title>
  <style>
    .inside {{ fill: #ffffff; stroke: #94a3b8; stroke-width: 1.2 }}
    .outside {{ fill: #eff6ff; stroke: #93c5fd; stroke-width: 1.2; stroke-dasharray: 4 3 }}
    .name {{ font-weight: 600; fill: #0f172a; text-anchor: middle }}
    .small {{ font-size: 11px; fill: #475569; text-anchor: middle }}
    .line {{ stroke-width: 1.5; fill: none }}
    .quiet {{ stroke-width: 1; stroke-dasharray: 2 4 }}
  </style>
  <rect width="{width}" height="{height}" fill="#f8fafc"/>"""


def table(text: str) -> Arrows:
    """Every arrow, whichever components are on."""
    lines = re.findall(r"^\w+: \[[\w, ]*\]$", text, re.MULTILINE)
    found: Arrows = yaml.safe_load("\n".join(lines))
    return found


def places(arrows: Arrows) -> dict[str, tuple[float, float]]:
    """The upper left corner of each box; columns are centred."""
    known = {*arrows, *(called for calls in arrows.values() for called in calls)}
    missing = sorted(known - {name for column in COLUMNS for name in column})
    if missing:
        raise SystemExit(f"scripts/arrows.py has no place for {', '.join(missing)}: see COLUMNS.")
    columns = [[name for name in column if name in known] for column in COLUMNS]
    tallest = max(map(len, columns))
    return {
        name: (24.0 + STEP * at, TOP + GAP * ((tallest - len(column)) / 2 + row))
        for at, column in enumerate(columns)
        for row, name in enumerate(column)
    }


def lines(arrows: Arrows, at: dict[str, tuple[float, float]]) -> Iterator[str]:
    callers = [name for column in COLUMNS for name in column if arrows.get(name)]
    colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(callers)}
    for caller in callers:
        yield marker(caller, colours[caller])
        for called in arrows[caller]:
            kind = "line quiet" if {caller, called} & set(QUIET) else "line"
            path = curve(at[caller], at[called])
            yield (
                f'  <path class="{kind}" stroke="{colours[caller]}" d="{path}" '
                f'marker-end="url(#{caller})"><title>{caller} to {called}</title></path>'
            )


def marker(name: str, colour: str) -> str:
    return (
        f'  <marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="6" '
        f'markerHeight="6" orient="auto"><path d="M0,0 L10,5 L0,10 z" fill="{colour}"/></marker>'
    )


def curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x1, y1), (x2, y2) = start, end
    middle1, middle2 = y1 + HEIGHT / 2, y2 + HEIGHT / 2
    if start == end:  # A component whose pods talk to each other.
        x = x1 + WIDTH / 2
        return bend((x - 22, y1), (x - 30, y1 - 30), (x + 30, y1 - 30), (x + 22, y1))
    if x2 > x1:
        reach = (x2 - x1 - WIDTH) * 0.55
        begin, stop = (x1 + WIDTH, middle1), (x2, middle2)
        return bend(begin, (begin[0] + reach, middle1), (x2 - reach, middle2), stop)
    if x2 < x1:  # Back to a caller.
        stop = (x2 + WIDTH, middle2 - 8)
        return bend((x1 + 14, y1), (x1 - 26, y1 - 34), (stop[0] + 50, middle2 - 6), stop)
    if abs(y2 - y1) <= GAP:
        x = x1 + WIDTH / 2
        ends = ((x, y1 + HEIGHT), (x, y2)) if y2 > y1 else ((x, y1), (x, y2 + HEIGHT))
        return bend(ends[0], ends[0], ends[1], ends[1])
    side = x1 - 26
    return bend((x1, middle1), (side, middle1), (side, middle2), (x1, middle2))


def bend(*points: tuple[float, float]) -> str:
    """A curve from the first point to the last, drawn by the two between them."""
    first, *others = (f"{x:.0f},{y:.0f}" for x, y in points)
    return f"M{first} C{' '.join(others)}"


def box(name: str, at: tuple[float, float]) -> str:
    x, y = at
    kind = "outside" if name in OUTSIDE else "inside"
    middle = x + WIDTH / 2
    meaning = MEANING.get(name, "")
    baseline = y + (18 if meaning else 25)
    text = (
        f'  <rect class="{kind}" x="{x:.0f}" y="{y:.0f}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
    )
    text += f'\n  <text class="name" x="{middle:.0f}" y="{baseline:.0f}">{name}</text>'
    if meaning:
        text += f'\n  <text class="small" x="{middle:.0f}" y="{y + 33:.0f}">{meaning}</text>'
    return text


def svg(arrows: Arrows) -> str:
    at = places(arrows)
    width = int(max(x for x, _ in at.values()) + WIDTH + 24)
    height = int(max(y for _, y in at.values()) + HEIGHT + 24)
    head = HEAD.format(width=width, height=height)
    boxes = [box(name, where) for name, where in at.items()]
    return "\n".join([head, *lines(arrows, at), *boxes, "</svg>", ""])


def main() -> int:
    text = svg(table(TABLE.read_text()))
    if "--write" in sys.argv:
        PICTURE.write_text(text)
        return 0
    if PICTURE.exists() and PICTURE.read_text() == text:
        return 0
    sys.stdout.write("docs/pictures/arrows.svg is stale: python scripts/arrows.py --write\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
