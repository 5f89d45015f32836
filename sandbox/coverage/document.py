"""docs/sandbox/coverage.md, written from the tables."""

from collections import Counter
from pathlib import Path

from sandbox.coverage.tables import Service

DOCUMENT = Path(__file__).parents[2] / "docs/sandbox/coverage.md"
HEAD = """\
# What the sandbox answers, and how faithfully

Written by `python -m sandbox coverage --write` from the `coverage.yaml` beside each service; a test
compares both with the routes that exist. A request that is in no table ends in 501.

| state | |
|---|---|
| implemented | does what the note says, as Azure does |
| partial | a part of what Azure does; the note names the rest |
| refused | answered with a sentence that says so |

| fidelity | where codes, texts and shapes come from |
|---|---|
| verified | read in the source code, document or issue that records Azure's answer |
| reported | told by a user or maintainer |
| recalled, inferred | general knowledge, or a conclusion: not confirmed |
| unverified | confirmed nowhere: a real answer that differs is a bug report with great value |
"""


def render(services: list[Service]) -> str:
    """The whole page."""
    parts = [HEAD, "## Services\n\n" + summary(services), *map(section, services)]
    return "\n".join(parts)


def summary(services: list[Service]) -> str:
    rows = []
    for one in services:
        states = Counter(entry.state for entry in one.operations)
        link = f"[{one.service}](#{anchor(one.service)})"
        counts = [str(states[state] or "") for state in ("implemented", "partial", "refused")]
        rows.append([link, code(one.host), *counts])
    return table(("service", "host", "implemented", "partial", "refused"), rows)


def section(one: Service) -> str:
    lines = [f"## {one.service}\n", f"{code(one.host)}\n"]
    if one.note:
        lines.append(f"{one.note}\n")
    entries = [[e.operation, e.state, e.fidelity, e.note] for e in one.operations]
    lines.append(table(("operation", "state", "fidelity", "note"), entries))
    if one.refusals:
        refusals = [[code(e.code), e.when, e.fidelity] for e in one.refusals]
        lines.append(table(("refusal", "when", "fidelity"), refusals))
    return "\n".join(lines)


def table(columns: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [columns, ("---",) * len(columns), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def cell(text: str) -> str:
    """Text for a table; what stands between backticks stays as it is."""
    parts = " ".join(text.split()).replace("|", "\\|").split("`")
    return "`".join(part if at % 2 else part.replace("<", "&lt;") for at, part in enumerate(parts))


def code(text: str) -> str:
    return f"`{text}`"


def anchor(heading: str) -> str:
    """The name that a heading has in a link, as renderers of Markdown make it."""
    kept = "".join(sign for sign in heading.lower() if sign.isalnum() or sign in " -_")
    return kept.replace(" ", "-")
