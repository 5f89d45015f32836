"""The run as a picture: one bar for each step, hatched where it only waited."""

from html import escape

from tasks.report.record import Record, Span, critical_path

WIDTH, LEFT, ROW, TOP = 1000, 260, 22, 46
BAR = 13
COLOURS = {
    "preflight": "#6b7280",
    "provision": "#2563eb",
    "seed-secrets": "#7c3aed",
    "configure": "#0d9488",
    "release": "#ea580c",
    "verify": "#16a34a",
}
OTHER, FAILED = "#475569", "#dc2626"
HEAD = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"
  font-family="system-ui, sans-serif" font-size="12">
<defs><pattern id="wait" width="6" height="6" patternUnits="userSpaceOnUse"
  patternTransform="rotate(45)"><rect width="6" height="6" fill="#fde68a"/>
  <rect width="2" height="6" fill="#f59e0b"/></pattern></defs>
<rect width="{width}" height="{height}" fill="#ffffff"/>
<text x="12" y="22" font-size="15" font-weight="600">{title}</text>"""
LEGEND = """<text x="{x}" y="22" text-anchor="end" fill="#475569">
{seconds} s; hatched: waiting; bold: critical path</text>"""
LINES = 12  # Marks on the time axis that stay readable.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600)


def svg(record: Record) -> str:
    """Draw the run; it needs no script and no font, so a mail or a browser shows it alike."""
    rows = [row for stage in record.stages for row in _rows(record, stage)]
    path = set(map(id, critical_path(record.spans)))
    height = TOP + ROW * len(rows) + 34
    scale = (WIDTH - LEFT - 70) / max(record.seconds, 0.001)
    parts = [HEAD.format(width=WIDTH, height=height, title=escape(record.run))]
    parts.append(LEGEND.format(x=WIDTH - 12, seconds=f"{record.seconds:.0f}"))
    parts += _grid(record, scale, height)
    for index, row in enumerate(rows):
        y = TOP + index * ROW
        if isinstance(row, str):
            parts.append(f'<text x="12" y="{y + 15}" font-weight="600">{escape(row)}</text>')
        else:
            parts += _bar(record, row, y, scale, critical=id(row) in path)
    return "\n".join([*parts, "</svg>"])


def _rows(record: Record, stage: str) -> list[str | Span]:
    return [stage, *(span for span in record.spans if span.stage == stage)]


def _grid(record: Record, scale: float, height: int) -> list[str]:
    step = next((s for s in STEPS if record.seconds / s <= LINES), STEPS[-1])
    lines = []
    for second in range(0, int(record.seconds) + 1, step):
        x = LEFT + second * scale
        lines += [
            f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 24}" stroke="#e5e7eb"/>',
            f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{second} s</text>',
        ]
    return lines


def _bar(record: Record, span: Span, y: int, scale: float, *, critical: bool) -> list[str]:
    def place(start: float, seconds: float, fill: str) -> str:
        return (
            f'<rect x="{LEFT + start * scale:.1f}" y="{y + 4}" '
            f'width="{max(seconds * scale, 1.5):.1f}" height="{BAR}" rx="2" fill="{fill}"/>'
        )

    offset = (span.start - record.start).total_seconds()
    colour = FAILED if span.failed else COLOURS.get(span.stage, OTHER)
    weight = ' font-weight="700"' if critical else ""
    tries = f", {span.attempts} tries" if span.attempts > 1 else ""
    end = LEFT + (offset + span.seconds) * scale
    parts = [
        f'<text x="24" y="{y + 15}"{weight}>{escape(_short(span.name))}</text>',
        place(offset, span.seconds, colour),
    ]
    for wait in span.waits:
        start = (wait.start - record.start).total_seconds()
        title = f"<title>{escape(wait.reason)}</title>"
        parts.append(place(start, wait.seconds, "url(#wait)").replace("/>", f">{title}</rect>"))
    parts.append(
        f'<text x="{end + 5:.1f}" y="{y + 15}" fill="#475569" font-size="11">'
        f"{span.seconds:.1f} s{tries}</text>"
    )
    return parts


def _short(name: str, size: int = 36) -> str:
    return name if len(name) <= size else name[: size - 1] + "…"
