"""Commands whose pod dies while they run: after a while, or at a request of their own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatch

from sandbox.weather.active import Active
from sandbox.weather.effects import Eviction
from sandbox.weather.faults import Seen

PATIENCE = 5.0  # Seconds that an answer is held back until the command that asked is dead.


class EvictedError(Exception):
    """The pod of a command is gone; the reason is what the result tells."""


@dataclass(eq=False)
class Doom:
    """A command that runs and will die."""

    fault: str
    eviction: Eviction
    network: str
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    async def strike(self) -> None:
        """Wait for the moment."""
        if self.eviction.after is not None:
            await asyncio.sleep(self.eviction.after)
        else:
            await self.asked.wait()

    def fits(self, method: str, path: str, network: str) -> bool:
        once = self.eviction.once
        return (
            once is not None
            and network == self.network
            and (not once.method or method in once.method)
            and fnmatch(path.lower(), once.path.lower())
        )


class Evictions:
    """Ends commands, and sees the requests at which they die."""

    def __init__(self, struck: Callable[[str, Seen], Iterable[Active]]) -> None:
        self._struck = struck
        self.waiting: list[Doom] = []

    async def outlast(
        self, ended: Awaitable[int], kill: Callable[[], None], seen: Seen, network: str
    ) -> int:
        """The exit code of a command, or `EvictedError` once it was killed on the way."""
        fault = next(iter(self._struck("command", seen)), None)
        eviction = fault.effect.evict if fault else None
        if fault is None or eviction is None:
            return await ended
        doom = Doom(fault.id, eviction, network)
        self.waiting.append(doom)
        work = asyncio.ensure_future(ended)
        moment = asyncio.ensure_future(doom.strike())
        try:
            await asyncio.wait((work, moment), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            kill()
            await work
            fault.hits += 1
            raise EvictedError(eviction.reason)
        finally:
            self.waiting.remove(doom)
            doom.dead.set()
            for task in (work, moment):
                task.cancel()

    async def asked(self, method: str, path: str, network: str) -> str:
        """A command's request has been carried out; the fault that it dies of, once it is dead."""
        doomed = [doom for doom in self.waiting if doom.fits(method, path, network)]
        for doom in doomed:
            doom.asked.set()
            try:
                await asyncio.wait_for(doom.dead.wait(), PATIENCE)
            except TimeoutError:
                continue
        return doomed[0].fault if doomed else ""
