"""Commands whose pod dies while they run: after a while, or at a request of their own."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
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
    """A command that runs, and a fault that may end it."""

    fault: Active
    eviction: Eviction
    network: str
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)

    def fits(self, method: str, path: str, network: str) -> bool:
        once = self.eviction.once
        return (
            once is not None
            and network == self.network
            and (not once.method or method in once.method)
            and fnmatch(path.lower(), once.path.lower())
        )

    async def strike(self) -> "Doom":
        """Wait for the moment."""
        if self.eviction.after is not None:
            await asyncio.sleep(self.eviction.after)
        else:
            await self.asked.wait()
        return self


class Evictions:
    """Ends commands, and sees the requests at which they die."""

    def __init__(
        self,
        fitting: Callable[[str, Seen], Iterable[Active]],
        strikes: Callable[[Active], bool],
    ) -> None:
        self._fitting = fitting
        self._strikes = strikes
        self.waiting: list[Doom] = []

    async def outlast(
        self, ended: Awaitable[int], kill: Callable[[], None], seen: Seen, network: str
    ) -> int:
        """The exit code of a command, or `EvictedError` once it was killed on the way."""
        dooms = list(self._dooms(seen, network))
        if not dooms:
            return await ended
        self.waiting += dooms
        work = asyncio.ensure_future(ended)
        moments = [asyncio.ensure_future(doom.strike()) for doom in dooms]
        try:
            await asyncio.wait((work, *moments), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            doom = next(moment.result() for moment in moments if moment.done())
            with contextlib.suppress(ProcessLookupError):
                kill()
            await work
            doom.fault.hits += 1
            raise EvictedError(doom.eviction.reason)
        finally:
            for doom in dooms:
                self.waiting.remove(doom)
                doom.dead.set()
            for task in (work, *moments):
                task.cancel()

    def _dooms(self, seen: Seen, network: str) -> Iterator[Doom]:
        """All that still wait for a request of the command, or the first that strikes itself."""
        waits = False
        for fault in self._fitting("command", seen):
            eviction = fault.effect.evict
            if eviction and eviction.once and not fault.spent:
                waits = True
                yield Doom(fault, eviction, network)
            elif eviction and not eviction.once and not waits and self._strikes(fault):
                yield Doom(fault, eviction, network)
                return

    async def asked(self, method: str, path: str, network: str) -> str:
        """A command's request has been carried out; the fault that it dies of, once it is dead."""
        for doom in list(self.waiting):
            if doom.fits(method, path, network) and self._strikes(doom.fault):
                doom.asked.set()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(doom.dead.wait(), PATIENCE)
                return doom.fault.id
        return ""
