"""A fault that is about: whom it has seen, and whom it has hit."""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.weather.effects import Effect
from sandbox.weather.faults import Calls, Fault


@dataclass(eq=False)
class Active:
    """A fault that is about."""

    id: str
    fault: Fault
    scenario: str
    added: float
    opens: float
    closes: float | None
    calls: Calls
    luck: random.Random
    seen: Counter[str] = field(default_factory=Counter)
    hits: int = 0

    @property
    def effect(self) -> Effect:
        return self.fault.then

    def strikes(self, key: str, now: float) -> bool:
        """Does this call, which matches, get hit; calls are counted for each `key`."""
        if now < self.opens or self.over(now):
            return False
        self.seen[key] += 1
        return self.seen[key] in self.calls and self.luck.random() < self.fault.probability

    def over(self, now: float) -> bool:
        return self.closes is not None and now >= self.closes

    @property
    def spent(self) -> bool:
        """Has it had all its calls, so that it hits nothing any more."""
        last = self.calls.last
        return last is not None and bool(self.seen) and min(self.seen.values()) >= last

    def show(self, now: float) -> dict[str, Any]:
        """For people and programs; `left` are the real seconds until it is over."""
        waiting = "waiting" if now < self.opens else "active"
        return {
            "id": self.id,
            "scenario": self.scenario,
            "description": str(self.fault),
            "effect": self.effect.name,
            "state": "over" if self.spent or self.over(now) else waiting,
            "seen": self.seen.total(),
            "hits": self.hits,
            "left": None if self.closes is None else max(0.0, self.closes - now),
        }
