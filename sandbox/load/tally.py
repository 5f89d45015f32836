"""What came of the requests, counted."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 20  # Failures that are told one by one.


@dataclass(frozen=True)
class Outcome:
    """How one request ended: its status, or the word for what came instead of an answer."""

    status: str
    seconds: float
    wrong: str = ""  # What was expected instead; empty where it was right.
    rejected: bool = False  # A session that is valid was not taken.


@dataclass
class Counts:
    """One route."""

    statuses: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    worst: float = 0.0

    def show(self) -> dict[str, Any]:
        return {
            "requests": self.statuses.total(),
            "failures": self.failed.total(),
            "statuses": dict(sorted(self.statuses.items())),
            "worst_ms": round(self.worst * 1000),
        }


class Tally:
    """All routes, since the first request."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.routes: dict[str, Counts] = {}
        self.rejected = 0
        self.refreshes = 0
        self.reconnects = 0  # Of websockets that the server has ended.
        self.examples: deque[str] = deque(maxlen=EXAMPLES)

    def count(self, route: str, outcome: Outcome) -> None:
        counts = self.routes.setdefault(route, Counts())
        counts.statuses[outcome.status] += 1
        counts.worst = max(counts.worst, outcome.seconds)
        self.rejected += outcome.rejected
        if outcome.wrong:
            counts.failed[outcome.status] += 1
            when = time.strftime("%H:%M:%S")
            self.examples.append(f"{when} {route} {outcome.status}: {outcome.wrong}")

    @property
    def requests(self) -> int:
        return sum(counts.statuses.total() for counts in self.routes.values())

    @property
    def failures(self) -> int:
        return sum(counts.failed.total() for counts in self.routes.values())

    @property
    def worst(self) -> float:
        """Seconds of the slowest answer."""
        return max((counts.worst for counts in self.routes.values()), default=0.0)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    def show(self) -> dict[str, Any]:
        """For programs."""
        return {
            "seconds": round(self.seconds, 1),
            "requests": self.requests,
            "failures": self.failures,
            "rejected_sessions": self.rejected,
            "refreshes": self.refreshes,
            "reconnects": self.reconnects,
            "worst_ms": round(self.worst * 1000),
            "routes": {name: counts.show() for name, counts in sorted(self.routes.items())},
            "examples": list(self.examples),
        }

    def line(self) -> str:
        """All of it in a few words."""
        return (
            f"{self.seconds:.0f} s, {self.requests} requests, {self.failures} failed, "
            f"{self.rejected} valid sessions rejected, {self.refreshes} sessions refreshed, "
            f"{self.reconnects} websockets reconnected, worst {self.worst * 1000:.0f} ms"
        )
