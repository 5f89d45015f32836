"""A load from its first sign-up to the removal of what it made."""

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from sandbox.load import channels, routes
from sandbox.load.client import Client
from sandbox.load.entrance import Entrance
from sandbox.load.routes import Ground
from sandbox.load.tally import Tally

UNDER_WAY = 100  # Requests at most; a platform that hangs is not buried under more of them.
TELLING = 1.0  # Seconds between two reports.
LEFTOVER = "clearing"


@dataclass(frozen=True)
class Load:
    """How much, and for how long."""

    rate: float = 20.0  # Requests a second.
    clients: int = 5
    seconds: float | None = None  # None: until somebody interrupts.
    renew_after: float = 15.0  # Seconds after which a client renews its session, also a young one.


async def run(
    load: Load, entrance: Entrance, stop: asyncio.Event, tell: Callable[[Tally], None]
) -> Tally:
    """Ask until time is up or `stop` is set; `tell` hears how it goes."""
    tally = Tally()
    ground = Ground(f"load_{secrets.token_hex(5)}")
    clients = [
        Client(entrance, tally, f"{ground.bucket}-{number}@example.com", load.renew_after)
        for number in range(load.clients)
    ]
    try:
        await begin(ground, clients, tally)
        tally = restart(clients)
        async with staying(clients):
            await ask(load, clients, ground, stop, tell)
        await finish(ground, clients, tally)
    finally:
        for client in clients:
            await client.close()
    return tally


async def begin(ground: Ground, clients: list[Client], tally: Tally) -> None:
    """Sign up, and make what is asked for later."""
    for client in clients:
        await client.sign_up()
    for outcome in await ground.prepare(clients[0]):
        tally.count("preparing", outcome)
    for client in clients:
        row = {"note": "of the load"}
        path = f"/rest/v1/{ground.name}"
        outcome, _ = await client.ask("POST", path, client.as_user(), wanted=201, json=row)
        tally.count("preparing", outcome)
        tally.count("preparing", await routes.upload(client, ground))
    if tally.failures:
        raise PreparationError("; ".join(tally.examples))


class PreparationError(Exception):
    """The platform did not take what the load needs; the sentences are its answers."""


def restart(clients: list[Client]) -> Tally:
    """Count from here on."""
    tally = Tally()
    for client in clients:
        client.tally = tally
    return tally


@contextlib.asynccontextmanager
async def staying(clients: list[Client]) -> AsyncIterator[None]:
    """Each client has a channel all the while."""
    kept = [asyncio.create_task(channels.keep(client)) for client in clients]
    try:
        yield
    finally:
        for task in kept:
            task.cancel()
        ended = await asyncio.gather(*kept, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception):
            raise one


async def ask(
    load: Load,
    clients: list[Client],
    ground: Ground,
    stop: asyncio.Event,
    tell: Callable[[Tally], None],
) -> None:
    """One request at a time is due, whatever became of those before."""
    tally, clock = clients[0].tally, asyncio.get_running_loop().time
    begun, told, running = clock(), 0.0, set[asyncio.Task[None]]()
    turns = zip(itertools.cycle(clients), routes.in_turn(dict(clients[0].entrance.keys)))
    for number, (client, name) in enumerate(turns):
        due = begun + number / load.rate
        if load.seconds is not None and due - begun >= load.seconds:
            break
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, due - clock()))
        if stop.is_set():
            break
        if len(running) >= UNDER_WAY:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(one(client, name, ground))
        running.add(task)
        task.add_done_callback(running.discard)
        if clock() - told >= TELLING:
            told = clock()
            tell(tally)
    await asyncio.gather(*running)


async def one(client: Client, name: str, ground: Ground) -> None:
    await client.keep()
    _, question = routes.ROUTES[name]
    client.tally.count(name, await question(client, ground))


async def finish(ground: Ground, clients: list[Client], tally: Tally) -> None:
    """Take away what was made; what stays is told, and no failure of the platform."""
    users = [client.user for client in clients]
    for outcome in await ground.clear(clients[0], users):
        if outcome.wrong:
            tally.examples.append(f"{LEFTOVER} {outcome.status}: {outcome.wrong}")
