"""Clients that ask for everything while something is changed."""

import asyncio
import json
import signal
import sys
from typing import Annotated

import httpx
from cyclopts import Parameter
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from sandbox.commands.control import ask, found, way_into
from sandbox.commands.log import seconds
from sandbox.commands.terminal import Machine, StateDirectory, err, out, printable, show
from sandbox.commands.tools import only_cluster
from sandbox.load import Entrance, Load, NoPlatformError, PreparationError, SignUpError, Tally, run
from sandbox.state import DEFAULT, SandboxError, State

RULE = "A load asks at least once in ten seconds and at most a thousand times a second."


def load(  # noqa: PLR0913  # Each is an option.
    *,
    rate: Annotated[float, Parameter(help="Requests a second, of all clients.")] = 20.0,
    lasts: Annotated[str, Parameter(name="--for", help="How long: 90s, 5m, 2h.")] = "",
    until_interrupted: Annotated[
        bool, Parameter(negative="", help="Until Ctrl+C; so it is without --for.")
    ] = False,
    clients: Annotated[int, Parameter(help="How many users are signed in.")] = 5,
    namespace: Annotated[str, Parameter(help="Where the platform is.")] = "supabase",
    release: Annotated[str, Parameter(help="What it is called in Helm.")] = "supabase",
    cluster: Annotated[str, Parameter(help="Its cluster; the only one needs no name.")] = "",
    machine: Machine = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Ask a platform for everything, throughout, and end with 1 when anything failed.

    Users sign up and stay signed in as with supabase-js; they and applications with keys ask auth,
    rest, storage, functions, realtime, Studio and meta, through the edge if there is one, else
    through the gateway in the cluster's network. Keys are those of the beginning, as in
    applications that nobody delivers anew. What was made for it is removed at the end.

    For example:

        python -m sandbox load --for 5m
        python -m sandbox load --rate 50 --until-interrupted --json > load.json
    """
    if not 0.1 <= rate <= 1000:  # noqa: PLR2004 - The rule has the numbers.
        raise SandboxError(f"--rate {rate:g} is too low or too high.", RULE)
    if clients < 1:
        raise SandboxError(f"--clients {clients} asks nothing.", "Write how many: --clients 5.")
    if lasts and until_interrupted:
        raise SandboxError("--for and --until-interrupted exclude each other.", "Leave one out.")
    wanted = Load(rate, clients, seconds(lasts) if lasts else None)
    running = found(State(state))
    name = cluster or only_cluster(running)
    way_into(running, name)  # Or an error that names those that exist.
    kubeconfig = ask(running, "GET", f"/clusters/{name}/kubeconfig").decode()
    try:
        entrance = Entrance.find(kubeconfig, running.proxy, namespace, release)
        err.print(f"[dim]{clients} clients ask {entrance.url}[/]")
        tally = asyncio.run(watched(wanted, entrance, machine=machine))
    except (NoPlatformError, SignUpError, PreparationError, httpx.HTTPError) as error:
        raise SandboxError(
            f"There is no platform to ask: {error}",
            "Look at it first: python -m sandbox kubectl -n supabase get pods",
        ) from error
    if machine:
        sys.stdout.write(json.dumps(tally.show()) + "\n")
    else:
        tell(tally)
    if tally.failures:
        sys.exit(1)


async def watched(wanted: Load, entrance: Entrance, *, machine: bool) -> Tally:
    """Run until it is over or interrupted; a terminal sees how it goes."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    if machine or not err.is_terminal:
        return await run(wanted, entrance, stop, lambda _tally: None)
    with Live(console=err, auto_refresh=False, transient=True) as live:
        return await run(
            wanted, entrance, stop, lambda tally: live.update(Text(tally.line()), refresh=True)
        )


def tell(tally: Tally) -> None:
    """For people."""
    rows = [
        [
            name,
            str(counts.statuses.total()),
            str(counts.failed.total()),
            ", ".join(f"{status} x {count}" for status, count in sorted(counts.statuses.items())),
            f"{counts.worst * 1000:.0f} ms",
        ]
        for name, counts in sorted(tally.routes.items())
    ]
    show("What was asked", ("route", "requests", "failed", "statuses", "worst"), rows)
    for example in tally.examples:
        out.print(f"[red]{escape(printable(example))}[/]")
    colour = "red" if tally.failures else "green"
    out.print(f"\n[{colour}]{tally.line()}[/]")
