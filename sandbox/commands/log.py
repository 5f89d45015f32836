"""The log of requests, for people."""

import json
import re
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from sandbox import request_log
from sandbox.commands.terminal import Machine, StateDirectory, err, out, printable
from sandbox.request_log import Entry, Filter
from sandbox.state import DEFAULT, SandboxError, State

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
STATUS = re.compile(r"[1-5](xx|\d\d)", re.IGNORECASE)
SLOW = 1000  # Milliseconds from which a request stands out.


@Parameter(name="*")
@dataclass(frozen=True)
class Wanted:
    """Which requests to show; all of it must fit."""

    method: Annotated[str, Parameter(help="GET, PUT, …")] = ""
    host: Annotated[str, Parameter(help="A glob, or a part of the name: vault.")] = ""
    path: Annotated[str, Parameter(help="A glob, or a part: '*/roleAssignments/*'.")] = ""
    status: Annotated[str, Parameter(help="One status, or a class of them: 403, 4xx.")] = ""
    principal: Annotated[str, Parameter(help="Name or object id of the caller, or a part.")] = ""
    network: Annotated[
        str | None, Parameter(help="Network of the caller, or a part; '' is the internet.")
    ] = None
    since: Annotated[str, Parameter(help="Not older than: 90s, 5m, 2h, 1d.")] = ""
    slow: Annotated[float, Parameter(help="Took at least so many milliseconds.")] = 0.0
    fault: Annotated[str, Parameter(help="Hit by this fault; '*' is any.")] = ""

    def filter(self) -> Filter:
        if self.status and not STATUS.fullmatch(self.status):
            raise SandboxError(f"{self.status!r} is no status.", "Write 403, or 4xx for a class.")
        for name in ("host", "path", "principal", "network", "fault"):
            if broken(getattr(self, name) or ""):
                raise SandboxError(
                    f"--{name} {getattr(self, name)!r} is no pattern: a bracket stays open.",
                    "Write [[] for a bracket itself.",
                )
        if not self.slow >= 0:
            raise SandboxError(f"--slow {self.slow:g} is no time.", "Write milliseconds: 500.")
        since = time.time() - seconds(self.since) if self.since else 0.0
        # A star stands for something, where a fault is asked for.
        fault = "?*" if self.fault == "*" else self.fault
        return Filter(
            self.method,
            self.host,
            self.path,
            self.status,
            self.principal,
            fault,
            self.slow,
            since,
            self.network,
        )

    @property
    def narrow(self) -> bool:
        """Does it name who or what is asked for, so that nothing of it is in the way."""
        return bool(self.host or self.path or self.principal or self.network or self.fault)


def broken(pattern: str) -> bool:
    """A bracket that opens a set and is never closed would be taken for itself."""
    return "[" in re.sub(r"\[!?.[^\]]*\]", "", pattern)


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise SandboxError(f"{text!r} is no span of time.", "Write it as 90s, 5m, 2h or 1d.")
    return float(match[1]) * UNITS[match[2]]


class Shown:
    """What is wanted, without the routine of clusters, which is counted."""

    def __init__(self, wanted: Filter, *, every: bool) -> None:
        self.wanted = wanted
        self.every = every
        self.hidden = 0

    def __call__(self, entry: Entry) -> bool:
        if not self.wanted(entry):
            return False
        if not self.every and entry.routine:
            self.hidden += 1
            return False
        return True


def log(  # noqa: PLR0913  # Each is an option.
    *,
    wanted: Wanted = Wanted(),
    follow: Annotated[
        bool, Parameter(name=("--follow", "-f"), negative="", help="Go on with new requests.")
    ] = False,
    lines: Annotated[
        int, Parameter(name=("--lines", "-n"), help="How many, of the last ones.")
    ] = 50,
    every: Annotated[
        bool, Parameter(name="--all", negative="", help="Also the routine of clusters.")
    ] = False,
    machine: Machine = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Show the requests that the sandbox has answered; GUIDs are shortened, in JSON they are not.

    Queries, headers and bodies are not recorded, so no secret is shown. What the controllers of
    clusters sign in for and read from vaults without trouble is hidden, but not in JSON, and not
    when a host, path, principal, network or fault is asked for.

    For example:

        python -m sandbox log --follow
        python -m sandbox log --status 4xx --host vault --since 5m
        python -m sandbox log --principal eso --path '*/secrets/*' --json
        python -m sandbox log --slow 500
        python -m sandbox log --network ''
    """
    kept, chosen = State(state), wanted.filter()
    if lines < 1:
        raise SandboxError(f"-n {lines} shows nothing.", "Write how many lines: -n 50.")
    if not kept.requests.exists() and not kept.running():
        raise SandboxError(
            f"Nothing has been asked of a sandbox in {kept.folder} yet.",
            "Start one: python -m sandbox up",
        )
    shown = Shown(chosen, every=every or machine or wanted.narrow)
    found = request_log.last(kept.requests, shown, lines, chosen.since)
    write(found, machine=machine)
    if not found and not shown.hidden:
        empty = not request_log.last(kept.requests, Filter(), 1)
        err.print("Nothing is logged yet." if empty else "No request matches.")
    if shown.hidden:
        err.print(f"[dim]({shown.hidden} requests of the clusters themselves are hidden: --all)[/]")
    if follow:
        write(filter(shown, request_log.following(kept.requests)), machine=machine)
    elif not machine and out.is_terminal:
        err.print("[dim]--follow goes on; --help lists the filters.[/]")


def write(entries: Iterable[Entry], *, machine: bool) -> None:
    for entry in entries:
        if machine:
            sys.stdout.write(json.dumps(entry.show()) + "\n")
            sys.stdout.flush()
        else:
            out.print(line(entry))


def line(entry: Entry) -> Text:
    """One request on one line, widest parts last."""
    status, slow = str(entry.status or "—"), entry.milliseconds >= SLOW
    colour = {"2": "green", "3": "green", "4": "yellow", "5": "red"}.get(status[0], "dim")
    where = f" from {entry.network}" if entry.network else ""
    text = Text()
    text.append(f"{time.strftime('%H:%M:%S', time.localtime(entry.when))} ", "dim")
    text.append(f"{status:>3} ", colour)
    text.append(f"{entry.milliseconds:>6.0f} ms ", "yellow" if slow else "dim")
    text.append(f"{entry.method:<6} ", "bold")
    text.append(printable("".join(entry.brief)))
    if entry.who:
        text.append(printable(f"  by {entry.who}{where}"), "cyan")
    elif where:
        text.append(printable(f" {where}"), "cyan")
    if entry.fault:
        text.append(f"  fault {entry.fault}", "magenta")
    return text
