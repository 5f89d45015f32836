"""Logins of pods to PostgreSQL: tried for real when a pod starts, then once a second at most."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from sandbox.cluster.login import Login

LASTS = 1.0  # Seconds for which an answer of the server counts: connections are pooled that long.
FORGOTTEN = 60.0  # Seconds after which nobody asks again: the pod is gone, or quiet.
Try = Callable[[Login], Coroutine[Any, Any, str]]


class Tried(NamedTuple):
    """A login under way or answered, and since when."""

    since: float
    answer: "asyncio.Task[str]"


class Logins:
    """What the server says to each pod; pods do not share their connections."""

    def __init__(self, attempt: Try, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempt = attempt
        self._clock = clock
        self._tried: dict[tuple[str, Login], Tried] = {}

    async def refusal(self, pod: str, login: Login) -> str:
        """The server's words of refusal; nothing where it lets the pod in."""
        now, key = self._clock(), (pod, login)
        known = self._tried.get(key)
        if known is None or (known.answer.done() and now - known.since >= LASTS):
            self._tidy(now)
            known = self._tried[key] = Tried(now, asyncio.create_task(self._attempt(login)))
        return await asyncio.shield(known.answer)

    def _tidy(self, now: float) -> None:
        for key, tried in list(self._tried.items()):
            if now - tried.since >= FORGOTTEN:
                del self._tried[key]
