"""A sandbox's life: start it, stop it, empty it."""

import asyncio
import difflib
import logging
import math
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.markup import escape

from sandbox import requirements
from sandbox.commands import credentials, ports
from sandbox.commands.control import ask
from sandbox.commands.options import Options
from sandbox.commands.page import address
from sandbox.commands.terminal import StateDirectory, err, option
from sandbox.latency import Latency, Profile, durations
from sandbox.state import DEFAULT, Running, SandboxError, State, alive

if TYPE_CHECKING:
    from sandbox.weather import Plan

START = 20.0  # Seconds that a start may take.
STOP = 15.0

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
Seed = Annotated[int, Parameter(help="Of the luck: the same one makes the same day again.")]
Plans = Annotated[
    tuple[str, ...],
    Parameter(
        name="--faults",
        negative=(),
        help="What goes wrong from the start: a plan (a YAML file) or a scenario of "
        "`faults scenarios`. May be repeated.",
    ),
]
Fresh = Annotated[
    bool,
    Parameter(negative="", help="Begin with an empty subscription; forget what was built."),
]
Beside = Annotated[
    bool,
    Parameter(
        name="--ignore-credentials",
        negative="",
        help="Start although this shell has credentials of a real Azure (ARM_*, AZURE_*).",
    ),
]


def up(  # noqa: PLR0913  # Options of a command.
    *,
    port: Port | None = None,
    profile: Pace | None = None,
    scale: Scale | None = None,
    duration: Durations | None = None,
    seed: Seed | None = None,
    faults: Plans = (),
    fresh: Fresh = False,
    ignore_credentials: Beside = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Start a sandbox in the background and print the environment that points tools to it.

    It goes on where the last one of this state directory stopped.

    Options that are not given are as last time; the first time they are --port 7878
    --profile typical --scale 0.05 --seed 1. --faults are for one time only.

    For example:

        eval "$(python -m sandbox up)"
        python -m sandbox up --profile worst --scale 0.1 --faults throttled-monday
        python -m sandbox up --state .second --port 0
    """
    kept = State(state)
    refuse_second(kept)
    if not ignore_credentials:
        credentials.demand_none(os.environ, kept)
    said = {"port": port, "profile": profile, "scale": scale, "seed": seed, "duration": duration}
    options = Options.kept(kept).given(**said)
    remembered = options.remembered(**said)
    if remembered:
        err.print(f"[dim]As last time: {escape(remembered)}[/]")
    check_pace(options.scale)
    read_durations(options.duration)
    read_plans(faults)
    asyncio.run(requirements.check())
    ports.check(options.port)
    if fresh:
        kept.clear()
    kept.prepare()
    weather = [word for name in faults for word in ("--faults", name)]
    running = start(kept, [*options.words(), *weather])
    options.keep(kept)
    sys.stdout.write(kept.exports(running))
    err.print(
        f"[green]The sandbox is up[/] on {running.proxy}: profile {options.profile}, "
        f"scale {options.scale:g}, seed {options.seed}.\n"
        f"Watch it on {address(running)}\n"
        f"Stop it with: [bold]python -m sandbox down{option(state)}[/]"
    )


def run(  # noqa: PLR0913  # Options of a command.
    *,
    port: Port = Options.port,
    profile: Pace = Options.profile,
    scale: Scale = Options.scale,
    duration: Durations = (),
    seed: Seed = Options.seed,
    faults: Plans = (),
    ignore_credentials: Beside = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Run a sandbox in the foreground, until Ctrl+C; it takes the options of `up`.

    For example:

        python -m sandbox run --profile instant --port 0
    """
    kept = State(state)
    refuse_second(kept)
    if not ignore_credentials:
        credentials.demand_none(os.environ, kept)
    credentials.forget()
    check_pace(scale)
    own = read_durations(duration)
    plans = read_plans(faults)
    ports.check(port)
    from sandbox import server  # noqa: PLC0415  # The other commands are quick without it.

    kept.prepare()
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(server.run(kept, Latency(profile, scale, own, seed), port, plans))


def down(*, state: StateDirectory = DEFAULT) -> None:
    """Stop the sandbox; `up` goes on from here.

    For example:

        python -m sandbox down
    """
    kept = State(state)
    running = kept.running()
    if running is None:
        kept.demand_free()  # One that does not answer is not down.
        err.print(f"No sandbox runs from {kept.folder}: nothing is to be stopped.")
        return
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


def reset(*, state: StateDirectory = DEFAULT) -> None:
    """Empty the subscription; a sandbox that is not running loses its leftovers.

    For example:

        python -m sandbox reset
    """
    kept = State(state)
    running = kept.running()
    if running:
        ask(running, "POST", "/reset")
        err.print("The sandbox is empty again.")
    else:
        kept.clear()
        err.print(f"No sandbox runs from {kept.folder}; its leftovers are removed.")


# --- What these commands share ---------------------------------------------------------------


def start(kept: State, options: list[str]) -> Running:
    """Start a detached sandbox and wait until it answers."""
    argv = [sys.executable, "-m", "sandbox", "run", "--state", str(kept.folder), *options]
    if kept.log.exists():
        kept.log.replace(kept.log.with_suffix(f".1{kept.log.suffix}"))
    with kept.log.open("w") as log:
        program = subprocess.Popen(
            argv,
            env=credentials.without(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
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
    kept.demand_free()


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


def read_plans(chosen: tuple[str, ...]) -> "list[tuple[Plan, str]]":
    """Plans and scenarios, each checked."""
    if not chosen:
        return []
    from sandbox.weather import plans  # noqa: PLC0415  # Seldom needed, and slow to load.

    try:
        return [plans.choose(one) for one in chosen]
    except plans.PlanError as error:
        raise SandboxError(str(error)) from error
