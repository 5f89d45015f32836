"""Terraform's JSON events while it works: what to log, and how far it is."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

OFTEN = 30  # Seconds between two lines about what is still at work; Terraform reports every ten.
NAMED = 3  # Resources that one line names; the rest is counted.


@dataclass
class Progress:
    """Collects the events of one run."""

    total: int = 0
    now: Callable[[], float] = time.monotonic
    events: list[dict[str, Any]] = field(default_factory=list)
    running: dict[str, float] = field(default_factory=dict)
    finished: dict[str, float] = field(default_factory=dict)
    told: float = 0.0

    @property
    def done(self) -> int:
        return len(self.finished)

    def take(self, line: str) -> str | None:
        """Remember one line of output; return what a person wants to read of it, if anything."""
        try:
            event = json.loads(line)
        except ValueError:
            return line.strip() or None
        self.events.append(event)
        kind = event.get("type", "")
        if kind.startswith("apply_"):
            return self._apply(kind, event["hook"])
        if kind == "diagnostic" and event["diagnostic"]["severity"] == "warning":
            return f"Warning: {event['diagnostic']['summary']}"
        return None

    def _apply(self, kind: str, hook: dict[str, Any]) -> str | None:
        address, action = hook["resource"]["addr"], hook.get("action", "")
        if action == "read":
            return None  # Data sources: they change nothing.
        if kind == "apply_start":
            self.running[address] = self.now()
            return None
        if kind == "apply_progress":
            return self._still()
        seconds = self.now() - self.running.pop(address, self.now())
        # A replacement is two pieces of work on one address, and counts as one.
        self.finished[address] = self.finished.get(address, 0.0) + seconds
        word = f"{action} failed" if kind == "apply_errored" else f"{action} done"
        return f"{word}: {address} ({seconds:.0f} s)"

    def _still(self) -> str | None:
        if self.now() - self.told < OFTEN:
            return None
        self.told = self.now()
        return str(self)

    @property
    def percent(self) -> float:
        return min(100.0, 100 * self.done / self.total) if self.total else 0.0

    @property
    def slowest(self) -> tuple[str, float] | None:
        """What has taken longest so far, be it done or still at work."""
        spent = self.finished | {name: self.now() - since for name, since in self.running.items()}
        return max(spent.items(), key=lambda one: one[1]) if spent else None

    def __str__(self) -> str:
        parts = [f"{self.done} of {self.total} resources done"]
        oldest = sorted(self.running, key=lambda name: self.running[name])
        named = [f"{name} ({self.now() - self.running[name]:.0f} s)" for name in oldest[:NAMED]]
        if named:
            rest = f" and {len(oldest) - NAMED} more" if len(oldest) > NAMED else ""
            parts.append(f"at work: {', '.join(named)}{rest}")
        if self.slowest and self.slowest[0] in self.finished:
            parts.append(f"slowest: {self.slowest[0]} ({self.slowest[1]:.0f} s)")
        return "; ".join(parts) + "."

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The diagnostics that ended the run."""
        return [
            event["diagnostic"]
            for event in self.events
            if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error"
        ]
