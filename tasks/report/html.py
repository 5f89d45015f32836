"""The report as one file that any browser opens: no script, no font, nothing from elsewhere."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from tasks.report.page import SHORT, percent
from tasks.report.record import Record, critical_path

STYLE = """
:root { color-scheme: light; --ink: #1f2937; --soft: #6b7280; --line: #e5e7eb; --ground: #f9fafb;
  --good: #15803d; --bad: #b91c1c; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 36px 0 12px; }
header { display: flex; gap: 12px; align-items: center; flex-wrap: wrap; }
.mark { color: #fff; border-radius: 999px; padding: 2px 12px; font-size: 13px; font-weight: 600; }
.good { background: var(--good); } .bad { background: var(--bad); }
.when { color: var(--soft); margin: 4px 0 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.tile { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; }
.tile b { display: block; font-size: 22px; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: 13px; }
.card { background: #fff; border: 1px solid var(--line); border-radius: 8px; overflow-x: auto; }
.card svg { display: block; width: 100%; min-width: 720px; height: auto; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--soft); font-weight: 600; font-size: 13px; }
th, td { padding: 7px 16px; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.no { color: var(--bad); font-weight: 600; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #fef2f2; margin: 16px 0;
  border: 1px solid #fecaca; border-radius: 8px; padding: 12px 16px; font-size: 13px; }
code { font-size: 13px; overflow-wrap: anywhere; }
details > summary { cursor: pointer; padding: 10px 16px; }
table + details, details + details { border-top: 1px solid var(--line); }
p { margin: 8px 0; } .card > p, details > p { padding: 0 16px; }
"""
Cell = str | tuple[str, str]  # Text, or a class and a text.


def html(record: Record, picture: str) -> str:
    """The whole file; `picture` is the timeline as SVG."""
    word, mark = ("Failed", "bad") if record.failure else ("Succeeded", "good")
    parts = [
        f'<header><h1>{escape(record.run)}</h1><span class="mark {mark}">{word}</span></header>',
        f'<p class="when">{record.start:%A, %d %B %Y, %H:%M} UTC</p>',
        tiles(record),
        f"<pre>{escape(record.failure)}</pre>" if record.failure else "",
        section("Timeline", picture),
        section("What it waited for", costs(record), waits(record)),
        section("What set its length", path(record)),
        section("Who approved", approvals(record)),
        section("What changed", *(change(text) for text in record.changes)),
        section("What was verified", checks(record)),
        section("Versions", table(("part", "version"), rows(record.versions, "part", "version"))),
        section("Note", f"<p>{escape(record.note.strip())}</p>" if record.note else ""),
        section("Steps", steps(record)),
    ]
    title = escape(f"{record.run}, {record.start:%Y-%m-%d %H:%M}")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body><main>\n" + "\n".join(filter(None, parts))
    ) + "\n</main></body></html>\n"


def section(title: str, *contents: str) -> str:
    """A heading and what is below it; nothing when there is nothing to say."""
    told = [text for text in contents if text]
    if not told:
        return ""
    return f"<section><h2>{escape(title)}</h2>\n<div class='card'>{''.join(told)}</div></section>"


def tiles(record: Record) -> str:
    """The five numbers that a reader wants first."""
    held = sum(check["ok"] == "yes" for check in record.checks)
    told = [
        (length(record.seconds), "from start to end"),
        (length(record.waited), "of waiting, in all steps"),
        (str(len(record.spans)), f"steps in {len(record.stages)} stages"),
        (str(len(record.changes)), "parts changed"),
    ]
    if record.checks:
        told.append((f"{held} of {len(record.checks)}", "checks hold"))
    inner = "".join(
        f'<div class="tile"><b>{escape(number)}</b><span>{escape(what)}</span></div>'
        for number, what in told
    )
    return f'<div class="tiles">{inner}</div>'


def length(seconds: float) -> str:
    """As a person says it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def costs(record: Record) -> str:
    heads = ("kind", "#waits", "#waited", "#of the run", "#on the critical path")
    told = [
        (
            cost.kind.replace("_", " "),
            str(cost.waits),
            length(cost.seconds),
            percent(cost.elapsed, record),
            percent(cost.critical, record),
        )
        for cost in record.costs
    ]
    return table(heads, told)


def waits(record: Record) -> str:
    """Each step that waited, with every reason that it was given, folded."""
    told = []
    for span in record.spans:
        if span.waits:
            reasons = dict.fromkeys(wait.reason for wait in span.waits)
            tries = f"{span.attempts} tries, " if span.attempts > 1 else ""
            lines = "".join(f"<p>{escape(reason)}</p>" for reason in reasons)
            told.append(
                f"<details><summary><b>{escape(span.name)}</b>: {tries}{length(span.waited)} of "
                f"waiting</summary>{lines}</details>"
            )
    return "".join(told) or "<p>Nothing.</p>"


def path(record: Record) -> str:
    chain = critical_path(record.spans)
    short = [span for span in chain if span.seconds < SHORT * record.seconds]
    told = [
        (span.stage, span.name, length(span.seconds), percent(span.seconds, record))
        for span in chain
        if span not in short
    ]
    rest = sum(span.seconds for span in short)
    between = record.seconds - sum(span.seconds for span in chain)
    if short:
        told.append(("", f"{len(short)} shorter steps", length(rest), percent(rest, record)))
    told.append(("", "between steps", length(between), percent(between, record)))
    return table(("stage", "step", "#took", "#of the run"), told)


def approvals(record: Record) -> str:
    told = [
        [one["question"], one["answer"], one["by"], one["comment"], minute(one["answered"])]
        for one in record.approvals
    ]
    return table(("question", "answer", "by", "comment", "when"), told)


def minute(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def checks(record: Record) -> str:
    told: list[Sequence[Cell]] = []
    for check in record.checks:
        holds = check["ok"] if check["ok"] == "yes" else ("no", check["ok"])
        told.append((str(check["check"]), holds, str(check["expected"]), str(check["got"])))
    return table(("check", "holds", "expected", "got"), told)


def steps(record: Record) -> str:
    told = [
        (
            span.stage,
            span.name,
            f"+{(span.start - record.start).total_seconds():.1f} s",
            length(span.seconds),
            str(span.attempts),
            ("no", span.state.lower()) if span.failed else span.state.lower(),
        )
        for span in record.spans
    ]
    return table(("stage", "step", "#start", "#took", "#tries", "state"), told)


def rows(given: Iterable[Mapping[str, str]], *keys: str) -> list[Sequence[Cell]]:
    return [[str(one[key]) for key in keys] for one in given]


def table(heads: Sequence[str], told: Sequence[Sequence[Cell]]) -> str:
    """A head that begins with `#` is one of numbers; without rows there is no table."""
    if not told:
        return ""
    kinds = ["n" if head.startswith("#") else "" for head in heads]
    top = "".join(
        f'<th class="{kind}">{escape(head.lstrip("#"))}</th>'
        for kind, head in zip(kinds, heads, strict=True)
    )
    body = "".join(
        "<tr>" + "".join(cell(one, kind) for one, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in told
    )
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def cell(one: Cell, kind: str) -> str:
    kind, text = one if isinstance(one, tuple) else (kind, one)
    return f'<td class="{kind}">{inline(text)}</td>'


def change(text: str) -> str:
    """What a step said that it changed: a sentence, or one with a list of Terraform's below."""
    lines = [line for line in text.strip().splitlines() if line]
    title = " ".join(line for line in lines if not line.startswith("- "))
    told = [f"<li>{inline(line[2:])}</li>" for line in lines if line.startswith("- ")]
    if not told:
        return f"<p>{inline(title)}</p>"
    return f"<details><summary>{inline(title)}</summary><ul>{''.join(told)}</ul></details>"


def inline(text: str) -> str:
    """The two marks that our own texts use."""
    marked = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(text))
    return re.sub(r"`(.+?)`", r"<code>\1</code>", marked)
