"""What Helm prints: for people as text and tables, for scripts as JSON or YAML."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import yaml

from sandbox.tools.helm.flags import UsageError

FORMATS = ("table", "json", "yaml")


def say(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    sys.stdout.flush()


def complain(text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def checked_format(name: str | None) -> str:
    if (name or "table") not in FORMATS:
        raise UsageError('invalid argument for "-o, --output" flag: invalid format type')
    return name or "table"


def document(value: Any, form: str) -> None:
    if form == "json":
        say(json.dumps(value, separators=(",", ":")))
    else:
        say(yaml.safe_dump(value, sort_keys=True, default_flow_style=False))


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(line[column]) for line in (heads, *rows)) for column in range(len(heads))]
    for line in (heads, *rows):
        say("\t".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


def moment(text: str) -> datetime:
    """Read Go's RFC 3339, whose fraction has up to nine digits."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{(fraction or '0')[:6]}+00:00").astimezone(UTC)


def list_time(text: str) -> str:
    """Go's default form, the one in `helm list`: 2026-11-23 07:30:07.123456 +0000 UTC."""
    when = moment(text)
    fraction = f".{when.microsecond:06}".rstrip("0") if when.microsecond else ""
    return f"{when:%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def status_time(text: str) -> str:
    return moment(text).strftime("%a %b %e %H:%M:%S %Y")


def release(found: dict[str, Any], *, with_notes: bool = True) -> None:
    """The block that install, upgrade, status and test end with, from `Config.get_all`."""
    summary, info = found["summary"], found["info"]
    lines = [f"NAME: {summary['name']}"]
    if info.get("last_deployed"):
        lines.append(f"LAST DEPLOYED: {status_time(info['last_deployed'])}")
    lines += [
        f"NAMESPACE: {summary['namespace']}",
        f"STATUS: {summary['status']}",
        f"REVISION: {summary['revision']}",
        f"DESCRIPTION: {info.get('description', '')}",
        *_suites(found.get("hooks") or []),
    ]
    notes = (info.get("notes") or "").strip()
    if notes and with_notes:
        lines.append(f"NOTES:\n{notes}")
    say("\n".join(lines))


def _suites(hooks: list[dict[str, Any]]) -> list[str]:
    tests = [hook for hook in hooks if "test" in hook.get("events", [])]
    if not tests:
        return ["TEST SUITE: None"]
    lines = []
    for hook in tests:
        run = hook.get("last_run") or {}
        if not run.get("phase"):
            continue
        lines += [
            f"TEST SUITE:     {hook['name']}",
            f"Last Started:   {status_time(run['started_at'])}" if run.get("started_at") else "",
            f"Last Completed: {status_time(run['completed_at'])}"
            if run.get("completed_at")
            else "",
            f"Phase:          {run['phase']}",
        ]
    return [line for line in lines if line]
