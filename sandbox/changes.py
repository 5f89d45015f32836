"""Which resources may have changed since somebody looked."""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

SHOWN: ContextVar[set[str] | None] = ContextVar("shown", default=None)
"""What was shown to the one who works here, and may be changed by him in place."""


class Changes:
    """Resources are meant by their keys."""

    def __init__(self) -> None:
        self.count = 0
        self._keys: set[str] | None = None  # None is all of them.

    def note(self, *keys: str) -> None:
        self.count += 1
        if self._keys is not None:
            self._keys.update(keys)

    def note_all(self) -> None:
        self.count += 1
        self._keys = None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """What is shown in here is noted at the end."""
        shown: set[str] = set()
        token = SHOWN.set(shown)
        try:
            yield
        finally:
            SHOWN.reset(token)
            self.note(*shown)

    def recent(self) -> set[str] | None:
        """The keys since this was asked last, or since `begin`; None is all of them."""
        keys = self._keys
        if keys is not None:
            self._keys = set()
        return keys

    def begin(self) -> None:
        """Everything is being looked at now."""
        self._keys = set()
