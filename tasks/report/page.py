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
        _costs(record),
        _waits(record),
        "## What set its length",
        _path(record),
    ]
    if record.approvals:
        parts += ["## Who approved", _approvals(record)]
    if record.note:
        parts += ["## Note", record.note.strip()]
    if record.checks:
        parts += ["## What was verified", _checks(record)]
    if record.changes:
        parts += ["## What changed", *record.changes]
    if record.versions:
        parts += ["## Versions", _versions(record)]
    parts += ["## Steps", _steps(record)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _approvals(record: Record) -> str:
    rows = ["| question | answer | by | comment | at |", "|-|-|-|-|-|"]
    for one in record.approvals:
        cells = (one[key] for key in ("question", "answer", "by", "comment"))
        told = " | ".join(_cell(cell) for cell in cells)
        rows.append(f"| {told} | {one['answered'][:16].replace('T', ' ')} UTC |")
    return "\n".join(rows)


def _versions(record: Record) -> str:
    rows = ["| part | version |", "|-|-|"]
    rows += [f"| {_cell(one['part'])} | `{one['version']}` |" for one in record.versions]
    return "\n".join(rows)


def _verdict(record: Record) -> str:
    length = f"{record.seconds:.1f} s, of which steps waited {record.waited:.1f} s"
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
    took = f"{record.seconds:.1f} s, of which {record.waited:.1f} s waiting"
    if record.failure:
        return f"{record.run} failed after {steps}; {took}."
    if record.changes:
        return f"{record.run}: {len(record.changes)} parts changed; {steps}{checks}; {took}."
    looked = ", ".join(record.stages)
    return f"{record.run}: nothing to change. Looked at {looked}: {steps}{checks}; {took}."


def _costs(record: Record) -> str:
    """What each kind of waiting cost the run; empty when it waited for nothing."""
    if not record.costs:
        return "Nothing."
    rows = ["| kind | waits | waited | of the run | on the critical path |", "|-|-:|-:|-:|-:|"]
    rows += [
        f"| {cost.kind.replace('_', ' ')} | {cost.waits} | {cost.seconds:.1f} s "
        f"| {percent(cost.elapsed, record)} | {percent(cost.critical, record)} |"
        for cost in record.costs
    ]
    return "\n".join(rows)


def percent(seconds: float, record: Record) -> str:
    return f"{100 * seconds / max(record.seconds, 0.001):.0f} %"


def _waits(record: Record) -> str:
    waiting = [span for span in record.spans if span.waits]
    if not waiting:
        return ""
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
    return f"{seconds:.1f} s | {percent(seconds, record)}"


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
