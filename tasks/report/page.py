"""The report as markdown."""

from tasks.report.record import Record, Span, critical_path

SHORT = 0.02  # Steps under this share of the run are summed up.


def markdown(record: Record, picture: str) -> str:
    """The whole page; `picture` is what the image link points to."""
    parts = [
        f"# {record.run}",
        _verdict(record),
        f"![Timeline]({picture})",
        "## What it waited for",
        _waits(record),
        "## What set its length",
        _path(record),
    ]
    if record.note:
        parts += ["## Note", record.note.strip()]
    if record.checks:
        parts += ["## What was verified", _checks(record)]
    if record.changes:
        parts += ["## What changed", *record.changes]
    parts += ["## Steps", _steps(record)]
    return "\n\n".join(parts) + "\n"


def _verdict(record: Record) -> str:
    length = f"{record.seconds:.1f} s, of which steps waited {record.waited:.1f} s for Azure"
    if record.failure:
        return f"**Failed** after {length}.\n\n```\n{record.failure}\n```"
    changed = "" if record.changes else " Nothing had to change."
    held = sum(check["ok"] == "yes" for check in record.checks)
    checks = f" {held} of {len(record.checks)} checks hold." if record.checks else ""
    return f"**Succeeded** in {length}.{changed}{checks}"


def closing(record: Record) -> str:
    """How the run ended, in the one line that a person reads last."""
    steps = f"{len(record.spans)} steps in {len(record.stages)} stages"
    held = sum(check["ok"] == "yes" for check in record.checks)
    checks = f", {held} of {len(record.checks)} checks hold" if record.checks else ""
    took = f"{record.seconds:.1f} s, of which {record.waited:.1f} s waiting for Azure"
    if record.failure:
        return f"{record.run} failed after {steps}; {took}."
    if record.changes:
        return f"{record.run}: {len(record.changes)} parts changed; {steps}{checks}; {took}."
    looked = ", ".join(record.stages)
    return f"{record.run}: nothing to change. Looked at {looked}: {steps}{checks}; {took}."


def _waits(record: Record) -> str:
    waiting = [span for span in record.spans if span.waits]
    if not waiting:
        return "Nothing."
    rows = ["| step | tries | waited | for |", "|-|-:|-:|-|"]
    for span in waiting:
        reasons = "<br>".join(dict.fromkeys(_cell(wait.reason) for wait in span.waits))
        rows.append(f"| {span.name} | {span.attempts} | {span.waited:.1f} s | {reasons} |")
    return "\n".join(rows)


def _path(record: Record) -> str:
    chain = critical_path(record.spans)
    rows = ["| step | took | share |", "|-|-:|-:|"]
    short = [span for span in chain if span.seconds < SHORT * record.seconds]
    rows += [
        f"| {span.stage}: {span.name} | {_share(span.seconds, record)} |"
        for span in chain
        if span not in short
    ]
    rest = sum(span.seconds for span in short)
    rows.append(f"| {len(short)} shorter steps | {_share(rest, record)} |")
    between = record.seconds - sum(span.seconds for span in chain)
    rows.append(f"| between steps | {_share(between, record)} |")
    return "\n".join(rows)


def _share(seconds: float, record: Record) -> str:
    return f"{seconds:.1f} s | {100 * seconds / max(record.seconds, 0.001):.0f} %"


def _steps(record: Record) -> str:
    rows = ["| stage | step | start | took | tries | state |", "|-|-|-:|-:|-:|-|"]
    rows += [
        f"| {span.stage} | {span.name} | {_at(record, span)} | {_rest(span)} |"
        for span in record.spans
    ]
    return "\n".join(rows)


def _at(record: Record, span: Span) -> str:
    return f"+{(span.start - record.start).total_seconds():.1f} s"


def _rest(span: Span) -> str:
    return f"{span.seconds:.1f} s | {span.attempts} | {span.state.lower()}"


def _checks(record: Record) -> str:
    rows = ["| check | holds | expected | got |", "|-|-|-|-|"]
    for check in record.checks:
        cells = (check[key] for key in ("check", "ok", "expected", "got"))
        rows.append("| " + " | ".join(_cell(str(cell)) for cell in cells) + " |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
