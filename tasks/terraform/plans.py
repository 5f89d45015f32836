"""What Terraform intends to do, as a value, a table and a question."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

DESTRUCTIVE = {"delete", "replace"}
WORDS = {"create": "create", "update": "change", "delete": "delete", "replace": "replace"}


@dataclass(frozen=True)
class Change:
    """One resource that the plan touches."""

    address: str
    action: str
    reason: str = ""

    @property
    def destructive(self) -> bool:
        return self.action in DESTRUCTIVE


@dataclass(frozen=True)
class Plan:
    """All that one run of `terraform plan` wants; the stack's plan file holds the same."""

    stack: str
    changes: tuple[Change, ...]
    drifted: tuple[str, ...] = field(default=())
    outputs_only: bool = False
    destroys: bool = False
    digest: str = ""  # Of the plan file, so that no other plan is applied in its place.

    @property
    def empty(self) -> bool:
        return not self.changes and not self.outputs_only

    @property
    def destructive(self) -> bool:
        return any(change.destructive for change in self.changes)

    def __str__(self) -> str:
        if self.empty:
            return f"{self.stack}: nothing to change"
        if not self.changes:
            return f"{self.stack}: outputs only"
        counts = Counter(WORDS[change.action] for change in self.changes)
        return f"{self.stack}: " + ", ".join(f"{n} to {word}" for word, n in counts.items())

    def exceeds(self, approved: "Plan") -> bool:
        """Whether this plan destroys something that the approved one did not."""
        agreed = {change.address for change in approved.changes if change.destructive}
        return any(c.destructive and c.address not in agreed for c in self.changes)

    def markdown(self) -> str:
        rows = [f"| {WORDS[c.action]} | `{c.address}` | {c.reason} |" for c in self.changes]
        drift = [f"\nChanged outside of Terraform: `{address}`" for address in self.drifted]
        return "\n".join([f"**{self}**\n", "| action | resource | why |", "|-|-|-|", *rows, *drift])


def read_plan(stack: str, events: list[dict[str, Any]], *, destroys: bool = False) -> Plan:
    """Read the events of `terraform plan -json`."""
    changes = tuple(
        Change(event["change"]["resource"]["addr"], action, _why(event["change"]))
        for event in events
        if event.get("type") == "planned_change" and (action := event["change"]["action"]) in WORDS
    )
    drifted = tuple(
        event["change"]["resource"]["addr"]
        for event in events
        if event.get("type") == "resource_drift"
    )
    outputs = [e for e in events if e.get("type") == "outputs"]
    changed = any(
        output.get("action") not in (None, "noop")
        for event in outputs
        for output in event["outputs"].values()
    )
    outputs_only = changed and not changes and not destroys
    return Plan(stack, changes, drifted, outputs_only, destroys)


def _why(change: dict[str, Any]) -> str:
    return str(change.get("reason", "")).replace("_", " ")
