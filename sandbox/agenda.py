"""What is due when."""

import heapq
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.records import Operation

LOG = logging.getLogger(__name__)


@dataclass(order=True, frozen=True)
class Entry:
    """Something to do at one moment; of two at the same moment, the older one comes first."""

    due: float
    number: int
    act: Callable[[], None] = field(compare=False)
    operation: Operation | None = field(compare=False)


class Agenda:
    """Times are those of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.now = clock
        self._entries: list[Entry] = []
        self._numbers = itertools.count()

    def add(self, due: float, act: Callable[[], None], operation: Operation | None = None) -> None:
        heapq.heappush(self._entries, Entry(due, next(self._numbers), act, operation))

    def run(self, failed: Callable[[Operation, Exception], None]) -> None:
        """Do everything that is due; what fails has no part in the rest, nor in who asks."""
        while self._entries and self._entries[0].due <= self.now():
            entry = heapq.heappop(self._entries)
            try:
                entry.act()
            except Exception as error:
                LOG.exception("the sandbox failed at something that was due")
                if entry.operation:
                    failed(entry.operation, error)

    @property
    def left(self) -> float | None:
        """Seconds until the next thing is due, if there is any."""
        return max(0.0, self._entries[0].due - self.now()) if self._entries else None

    def mark(self) -> int:
        """A place to come back to."""
        return next(self._numbers)

    def back_to(self, mark: int) -> None:
        """Strike what was added since; nothing may have been done since."""
        self._entries = [entry for entry in self._entries if entry.number < mark]
        heapq.heapify(self._entries)

    def clear(self) -> None:
        self._entries.clear()
