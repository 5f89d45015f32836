"""Terraform's JSON events while it works: what to log, how far it is, and what went wrong."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tasks.errors import BusyError, DeployError, NotReadyError, ToolError

LOCKED = "Error acquiring the state lock"
PASSING = re.compile(
    r"AuthorizationFailed"  # A role that was just assigned.
    r"|PrincipalNotFound"  # An identity that was just created.
    r"|CustomKubeletIdentityMissingPermissionError"  # AKS's word for a role that still spreads.
    r"|OperationNotAllowed.*(in progress|pending)"
    r"|AnotherOperationInProgress"
    r"|\b(429|500|502|503|504) \("
    r"|connection reset|connection refused|i/o timeout",
    re.DOTALL,
)
FINAL = re.compile(r"[Qq]uota")  # Azure says OperationNotAllowed for a used-up quota, too.


@dataclass
class Progress:
    """Collects the events of one run."""

    events: list[dict[str, Any]] = field(default_factory=list)
    running: set[str] = field(default_factory=set)
    done: int = 0
    total: int = 0

    def take(self, line: str) -> str | None:
        """Remember one line of output; return what a person wants to read of it, if anything."""
        try:
            event = json.loads(line)
        except ValueError:
            return line.strip() or None
        self.events.append(event)
        kind = event.get("type", "")
        if kind == "planned_change":
            self.total += 1
            return None
        if kind.startswith("apply_"):
            return self._apply(kind, event)
        if kind == "diagnostic" and event["diagnostic"]["severity"] == "warning":
            return f"Warning: {event['diagnostic']['summary']}"
        return None

    def _apply(self, kind: str, event: dict[str, Any]) -> str | None:
        hook = event["hook"]
        address, action = hook["resource"]["addr"], hook.get("action", "")
        if action == "read":
            return None  # Data sources: they change nothing.
        if kind == "apply_start":
            self.running.add(address)
            return None
        if kind == "apply_progress":
            if hook.get("elapsed_seconds", 0) % 30:
                return None  # Terraform says so every ten seconds; a log wants less.
            return f"still at {address} after {hook['elapsed_seconds']} s"
        self.running.discard(address)
        self.done += 1
        word = f"{action} failed" if kind == "apply_errored" else f"{action} done"
        return f"{word}: {address} ({hook.get('elapsed_seconds', 0)} s)"

    @property
    def percent(self) -> float:
        return 100 * self.done / self.total if self.total else 0.0

    @property
    def errors(self) -> list[dict[str, Any]]:
        """The diagnostics that ended the run."""
        return [
            event["diagnostic"]
            for event in self.events
            if event.get("type") == "diagnostic" and event["diagnostic"]["severity"] == "error"
        ]

    def failure(self, what: str, complaint: str) -> DeployError:
        """The consequence of a failed run: does time help, and what did Azure say."""
        texts = [_text(diagnostic) for diagnostic in self.errors] or [complaint.strip()[-2000:]]
        message = f"{what} failed.\n" + "\n".join(texts)
        if any(LOCKED in text for text in texts):
            return BusyError(
                f"{what}: another run holds the state's lock.\n" + "\n".join(texts),
                "It passes when that run ends; if it died: docs/runbook.md, 'State lock'.",
            )
        if all(PASSING.search(text) and not FINAL.search(text) for text in texts):
            lines = [" ".join(text.split()) for text in texts]
            return NotReadyError(f"{what}: {lines[0][:400]}", "Azure usually agrees minutes later.")
        return ToolError(message, "Correct what Azure names, then run again: it goes on from here.")


def _text(diagnostic: dict[str, Any]) -> str:
    where = f" ({diagnostic['address']})" if diagnostic.get("address") else ""
    detail = diagnostic.get("detail", "")
    return f"{diagnostic['summary']}{where}{': ' + detail if detail else ''}"
