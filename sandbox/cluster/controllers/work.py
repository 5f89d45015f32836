"""A queue of dirty keys: each key waits once, is worked on once at a time, and may come back."""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class WorkQueue(Generic[K]):
    """Like the work queue of client-go: no polling, no duplicates, delays by timer."""

    def __init__(self) -> None:
        self._dirty: dict[K, None] = {}  # In order of arrival.
        self._busy: set[K] = set()
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._wake = asyncio.Event()

    def add(self, key: K) -> None:
        self._dirty[key] = None
        self._wake.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Come back to a key later; the earlier of two appointments counts."""
        if seconds <= 0:
            self.add(key)
            return
        loop = asyncio.get_running_loop()
        timer = self._timers.get(key)
        if timer is not None and timer.when() <= loop.time() + seconds:
            return
        if timer is not None:
            timer.cancel()
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def _due(self, key: K) -> None:
        self._timers.pop(key, None)
        self.add(key)

    async def get(self) -> K:
        while True:
            for key in self._dirty:
                if key not in self._busy:
                    del self._dirty[key]
                    self._busy.add(key)
                    return key
            self._wake.clear()
            await self._wake.wait()

    def done(self, key: K) -> None:
        self._busy.discard(key)
        if key in self._dirty:
            self._wake.set()

    def failed(self, key: K) -> int:
        """Count a failure; tells how many came before it."""
        before = self._failures.get(key, 0)
        self._failures[key] = before + 1
        return before

    def succeeded(self, key: K) -> None:
        self._failures.pop(key, None)

    def close(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
