"""Between two clouds: requests wait for the new one, and nothing stays connected to the old."""

import asyncio
from collections.abc import Callable
from weakref import WeakSet


class Barrier:
    """Open, unless one cloud takes the place of another."""

    def __init__(self) -> None:
        self._tunnels: WeakSet[asyncio.Transport] = WeakSet()
        self._waiting: list[Callable[[], None]] | None = None

    def close(self) -> None:
        """Let what comes wait, and break tunnels off."""
        self._waiting = []
        for tunnel in list(self._tunnels):
            tunnel.abort()

    def open(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for request in waiting:
            request()

    def pass_through(self, request: Callable[[], None]) -> None:
        """Go on with the first request of a connection, once it may."""
        if self._waiting is None:
            request()
        else:
            self._waiting.append(request)

    def watch(self, tunnel: asyncio.Transport) -> None:
        """It leads to a host of now."""
        self._tunnels.add(tunnel)

    def spare(self, tunnel: asyncio.Transport) -> None:
        """It speaks HTTP, and so it can end once what was asked is answered."""
        self._tunnels.discard(tunnel)
