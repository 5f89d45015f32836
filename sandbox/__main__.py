"""`python -m sandbox`: Azure on this machine, started, asked and stopped from the shell."""

import asyncio
import difflib
import http.client
import json
import logging
import math
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, NoReturn

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox import requirements
from sandbox.latency import Latency, Profile, durations
from sandbox.state import DEFAULT, Running, SandboxError, State, alive

PORT = 7878
START = 20.0  # Seconds that a start may take.
STOP = 15.0

app = cyclopts.App(
    name="python -m sandbox",
    help="Azure on this machine: an intercepting proxy that answers as Azure does.",
    version_flags=[],
)
err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

StateDirectory = Annotated[
    Path, Parameter(name="--state", help="Where the sandbox keeps its files.")
]
Port = Annotated[int, Parameter(help="Port of the proxy on 127.0.0.1; 0 takes a free one.")]
Pace = Annotated[Profile, Parameter(name="--profile", help="How long Azure takes for things.")]
Scale = Annotated[float, Parameter(help="Factor on all durations: 0.05 makes an hour 3 minutes.")]
Durations = Annotated[
    tuple[str, ...],
    Parameter(
        name="--duration",
        negative=(),
        help="An operation that takes longer or shorter than the profile says, in seconds before "
        "scaling: role.propagation=600. May be repeated; sandbox/latency.yaml lists them.",
    ),
]


@app.command
def up(
    *,
    port: Port = PORT,
    profile: Pace = "typical",
    scale: Scale = 0.05,
    duration: Durations = (),
    state: StateDirectory = DEFAULT,
) -> None:
    """Start a sandbox in the background and print the environment that points tools to it.

    Use it as: eval "$(python -m sandbox up)"
    """
    kept = State(state)
    refuse_second(kept)
    check_pace(scale)
    read_durations(duration)
    asyncio.run(requirements.check())
    check_port(port)
    kept.prepare()
    pace = ["--profile", profile, "--scale", str(scale)]
    own = [word for text in duration for word in ("--duration", text)]
    running = start(kept, ["--port", str(port), *pace, *own])
    sys.stdout.write(kept.exports(running))
    err.print(
        f"[green]The sandbox is up[/] on {running.proxy}: profile {profile}, scale {scale:g}.\n"
        f"Stop it with: [bold]python -m sandbox down{option(state)}[/]"
    )


@app.command
def run(
    *,
    port: Port = PORT,
    profile: Pace = "typical",
    scale: Scale = 0.05,
    duration: Durations = (),
    state: StateDirectory = DEFAULT,
) -> None:
    """Run a sandbox in the foreground, until Ctrl+C."""
    kept = State(state)
    refuse_second(kept)
    check_pace(scale)
    own = read_durations(duration)
    from sandbox import server  # noqa: PLC0415  # The other commands are quick without it.

    kept.prepare()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(server.run(kept, Latency(profile, scale, own), port))


@app.command
def down(*, state: StateDirectory = DEFAULT) -> None:
    """Stop the sandbox; what was built in it is gone, its credentials stay."""
    kept = State(state)
    running = found(kept)
    ask(running, "POST", "/stop")
    deadline = time.monotonic() + STOP
    while alive(running.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive(running.pid):
        os.kill(running.pid, signal.SIGKILL)
        kept.withdraw()
        err.print(f"The sandbox did not stop within {STOP:.0f} s and was killed.")
        return
    err.print("The sandbox is down.")


@app.command
def env(
    *,
    inside: Annotated[
        str, Parameter(help="Name of a cluster: stand inside its network, not on the internet.")
    ] = "",
    state: StateDirectory = DEFAULT,
) -> None:
    """Print the environment that points tools to the running sandbox.

    Use it as: eval "$(python -m sandbox env)"
    """
    kept = State(state)
    running = found(kept)
    sys.stdout.write(kept.exports(running, way_into(running, inside) if inside else ""))


@app.command
def status(
    *,
    state: StateDirectory = DEFAULT,
    machine: Annotated[bool, Parameter(name="--json", negative="", help="For programs.")] = False,
) -> None:
    """Show what is going on: what Azure is busy with, and which roles it does not know yet."""
    running = found(State(state))
    answer = json.loads(ask(running, "GET", "/status"))
    if machine:
        sys.stdout.write(json.dumps({"pid": running.pid, "proxy": running.proxy, **answer}) + "\n")
        return
    out.print(
        f"[green]up[/] on {running.proxy}, pid {running.pid}, profile {answer['profile']}, "
        f"scale {answer['scale']:g}, {answer['resources']} resources"
    )
    busy = [[one["state"], one["id"], left(one["seconds"])] for one in answer["busy"]]
    show("Azure is busy", ("state", "resource", "ready"), busy)
    pending = [
        [one["change"], one["role"], one["name"], one["scope"], left(one["seconds"])]
        for one in answer["propagations"]
    ]
    show("Roles still propagating", ("change", "role", "to", "scope", "everywhere"), pending)


@app.command
def reset(*, state: StateDirectory = DEFAULT) -> None:
    """Empty the subscription; a sandbox that is not running loses its leftovers."""
    kept = State(state)
    running = kept.running()
    if running:
        ask(running, "POST", "/reset")
        err.print("The sandbox is empty again.")
    else:
        kept.clear()
        err.print(f"No sandbox runs from {kept.folder}; its leftovers are removed.")


# --- What the commands share -----------------------------------------------------------------


def start(kept: State, options: list[str]) -> Running:
    """Start a detached sandbox and wait until it answers."""
    argv = [sys.executable, "-m", "sandbox", "run", "--state", str(kept.folder), *options]
    with kept.log.open("w") as log:
        program = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        running = kept.running()
        if running and running.pid == program.pid:
            return running
        if program.poll() is not None:
            said = kept.log.read_text().strip().splitlines()
            raise SandboxError("\n".join(said[-15:]) or "The sandbox ended at once, silently.")
        time.sleep(0.02)
    program.terminate()
    raise SandboxError(
        f"The sandbox did not answer within {START:.0f} s.", f"Look into {kept.log}."
    )


def refuse_second(kept: State) -> None:
    running = kept.running()
    if running:
        raise SandboxError(
            f"A sandbox already runs from {kept.folder} (pid {running.pid}, {running.proxy}).",
            'Use it: eval "$(python -m sandbox env)". Or stop it: python -m sandbox down. '
            "Or run a second one with --state and --port.",
        )


def check_pace(scale: float) -> None:
    if not math.isfinite(scale) or scale < 0:
        raise SandboxError(
            f"The scale {scale:g} is not a factor: it is a number from 0 on.",
            "Use 0.05, or 1 for Azure's pace.",
        )


def read_durations(texts: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """`operation=seconds`, each of an operation that exists."""
    found = []
    for text in texts:
        operation, _, seconds = text.partition("=")
        try:
            found.append((operation, float(seconds)))
        except ValueError as error:
            raise SandboxError(
                f"{text!r} is no duration.", "Write it as role.propagation=600."
            ) from error
        if operation not in durations():
            close = difflib.get_close_matches(operation, durations(), n=1)
            meant = f"Did you mean {close[0]}? " if close else ""
            raise SandboxError(
                f"There is no operation {operation!r}.", f"{meant}sandbox/latency.yaml lists them."
            )
    return tuple(found)


def check_port(port: int) -> None:
    """See before the start whether the port is free, for an answer that needs no log."""
    try:
        with socket.create_server(("127.0.0.1", port)):
            return
    except (OSError, OverflowError) as error:
        raise SandboxError(
            f"Port {port} cannot be used: {error}.", "Choose another one with --port."
        ) from error


def found(kept: State) -> Running:
    running = kept.running()
    if running is None:
        raise SandboxError(
            f"No sandbox runs from {kept.folder}.", "Start one: python -m sandbox up"
        )
    return running


def way_into(running: Running, cluster: str) -> str:
    """The address of the proxy for those inside the network of a cluster; it holds a secret."""
    networks: dict[str, str] = json.loads(ask(running, "GET", "/networks"))
    if cluster.lower() not in networks:
        known = f"There are: {', '.join(sorted(networks))}." if networks else "None is built yet."
        raise SandboxError(f"The sandbox has no cluster {cluster}.", known)
    return networks[cluster.lower()]


def ask(running: Running, method: str, path: str) -> bytes:
    """Ask a running sandbox for something."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    try:
        headers = {"Authorization": f"Bearer {running.token}"}
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise SandboxError(
            f"The sandbox on port {running.port} does not answer: {error}.",
            f"Stop it with: kill {running.pid}",
        ) from error
    finally:
        connection.close()
    if answer.status >= http.client.BAD_REQUEST:
        raise SandboxError(
            f"Port {running.port} does not belong to the sandbox of this state directory.",
            "Remove running.json from it and start again.",
        )
    return body


def option(state: Path) -> str:
    return "" if state == DEFAULT else f" --state {state}"


def left(seconds: float) -> str:
    return f"in {seconds:.0f} s"


def show(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> None:
    if not rows:
        return
    table = Table(*columns, title=title, title_justify="left", box=None)
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command; an error is a sentence and what to do, never a traceback."""
    try:
        app(arguments)
    except SandboxError as error:
        err.print(f"[red]{escape(error.message)}[/]")
        if error.hint:
            err.print(escape(error.hint))
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


if __name__ == "__main__":
    main()
