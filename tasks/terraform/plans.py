"""What Terraform intends to do, as a value, a table and a question."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

DESTRUCTIVE = {"delete", "replace"}
KEEPERS = (  # What holds somebody's data.
    "azurerm_key_vault",
    "azurerm_postgresql_flexible_server",
    "azurerm_postgresql_flexible_server_database",
    "azurerm_storage_account",
    "azurerm_storage_container",
)
REASONS = {  # Of `terraform plan -json`, in words for the person who has to approve it.
    "cannot_update": "cannot be changed in place",
    "delete_because_count_index": "fewer are asked for",
    "delete_because_each_key": "no longer asked for",
    "delete_because_no_module": "its module is no longer in the code",
    "delete_because_no_resource_config": "no longer in the code",
    "delete_because_wrong_repetition": "counted in another way than before",
    "tainted": "its creation had failed",
}
WORDS = {"create": "create", "update": "change", "delete": "delete", "replace": "replace"}
SHORT = 60  # Signs of a value that a table shows.


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

    @property
    def unlocks(self) -> bool:
        """Whether it would take away the lock that keeps Azure from deleting."""
        return any(c.destructive and "azurerm_management_lock" in c.address for c in self.changes)

    @property
    def losing(self) -> tuple[Change, ...]:
        """What it would delete or replace although data lies in it."""
        return tuple(
            change
            for change in self.changes
            if change.destructive and set(KEEPERS) & set(change.address.split("."))
        )

    @property
    def needs_reasons(self) -> bool:
        """Whether anything that exists is touched: then a person wants to know by which value."""
        return any(change.action in {"update", "replace"} for change in self.changes)

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

    def explained(self, shown: Mapping[str, Any]) -> "Plan":
        """The same plan with the values that change, from `terraform show -json`."""
        known = {one["address"]: one["change"] for one in shown.get("resource_changes", [])}
        changes = (
            replace(change, reason=why(change, known[change.address]))
            if change.address in known
            else change
            for change in self.changes
        )
        return replace(self, changes=tuple(changes))

    def rows(self) -> list[dict[str, str]]:
        """The table that the UI shows; what destroys comes first."""
        ordered = sorted(self.changes, key=lambda change: not change.destructive)
        changes = [
            {"action": WORDS[change.action], "resource": change.address, "why": change.reason}
            for change in ordered
        ]
        outside = "changed outside of Terraform"
        return changes + [
            {"action": "drift", "resource": address, "why": outside} for address in self.drifted
        ]

    def markdown(self) -> str:
        """A list, since a form is too narrow for a table, and a terminal draws none."""
        lines = [
            f"- **{row['action']}** `{row['resource']}`" + (f": {row['why']}" if row["why"] else "")
            for row in self.rows()
        ]
        return "\n".join([f"**{self}**\n", *lines])


def read_plan(stack: str, events: list[dict[str, Any]], *, destroys: bool = False) -> Plan:
    """Read the events of `terraform plan -json`."""
    changes = tuple(
        Change(event["change"]["resource"]["addr"], action, _reason(event["change"]))
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


def why(change: Change, found: Mapping[str, Any]) -> str:
    """Which values force a replacement, or change in place; sensitive ones are only named."""
    if change.action == "replace" and (paths := found.get("replace_paths")):
        return "must be replaced: " + ", ".join(_step(found, path) for path in paths)
    if change.action in {"update", "replace"}:
        before, after = found.get("before") or {}, found.get("after") or {}
        unknown = found.get("after_unknown") or {}
        touched = [
            key
            for key in sorted({*before, *after})
            if before.get(key) != after.get(key) and not unknown.get(key)
        ]
        told = ", ".join(_step(found, [key]) for key in touched)
        return "; ".join(part for part in (change.reason, told) if part)
    return change.reason


def _step(found: Mapping[str, Any], path: Iterable[str | int]) -> str:
    """`name: old → new` for plain values, else the name alone."""
    steps = list(path)
    name = ".".join(map(str, steps))
    if _at(found.get("before_sensitive"), steps) or _at(found.get("after_sensitive"), steps):
        return name
    old, new = _at(found.get("before"), steps), _at(found.get("after"), steps)
    if any(isinstance(value, dict | list) for value in (old, new)):
        return name
    texts = [str("unset" if value is None else value)[:SHORT] for value in (old, new)]
    if new is None and _at(found.get("after_unknown"), steps):
        texts[1] = "known after apply"
    return f"{name}: {texts[0]} → {texts[1]}"


def _at(value: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return value if value is True else None
    return value


def _reason(change: dict[str, Any]) -> str:
    word = str(change.get("reason", ""))
    return REASONS.get(word, word.replace("_", " "))
