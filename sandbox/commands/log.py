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
    since: Annotated[str, Parameter(help="Not older than: 90s, 5m, 2h, 1d.")] = ""
    slow: Annotated[float, Parameter(help="Took at least so many milliseconds.")] = 0.0
    fault: Annotated[str, Parameter(help="Hit by this fault; '*' is any.")] = ""

    def filter(self) -> Filter:
        if self.status and not STATUS.fullmatch(self.status):
            raise SandboxError(f"{self.status!r} is no status.", "Write 403, or 4xx for a class.")
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
        )


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text)
    if match is None:
        raise SandboxError(f"{text!r} is no span of time.", "Write it as 90s, 5m, 2h or 1d.")
    return float(match[1]) * UNITS[match[2]]


def log(
    *,
    wanted: Wanted = Wanted(),
    follow: Annotated[
        bool, Parameter(name=("--follow", "-f"), negative="", help="Go on with new requests.")
    ] = False,
    lines: Annotated[
        int, Parameter(name=("--lines", "-n"), help="How many, of the last ones.")
    ] = 50,
    machine: Machine = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Show the requests that the sandbox has answered; GUIDs are shortened, in JSON they are not.

    Queries, headers and bodies are not recorded, so no secret is shown.

    For example:

        python -m sandbox log --follow
        python -m sandbox log --status 4xx --host vault --since 5m
        python -m sandbox log --principal eso --path '*/secrets/*' --json
        python -m sandbox log --slow 500
    """
    kept, chosen = State(state), wanted.filter()
    if not kept.requests.exists() and not kept.running():
        raise SandboxError(
            f"Nothing has been asked of a sandbox in {kept.folder} yet.",
            "Start one: python -m sandbox up",
        )
    write(request_log.last(kept.requests, chosen, lines) if lines > 0 else (), machine=machine)
    if follow:
        write(filter(chosen, request_log.following(kept.requests)), machine=machine)
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
