"""Azure's resources: what somebody changed beside Terraform, what the code would change."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from tasks.drift.finding import Finding, Severity


class Deviation(Protocol):
    """One attribute, or without one the whole resource, and what became of it."""

    @property
    def address(self) -> str: ...
    @property
    def attribute(self) -> str: ...
    @property
    def old(self) -> str: ...
    @property
    def new(self) -> str: ...
    @property
    def keeps_data(self) -> bool: ...


def infrastructure(
    outside: Sequence[Deviation], pending: Sequence[Deviation], environment: str, tfvars: str
) -> Iterator[Finding]:
    """
    Each difference once: what an apply would undo is the change outside, not one of the code.

    `outside` leads from what Terraform remembers to what is there, `pending` on to what is wanted.
    """
    deploy = f"`python -m flows deploy --environment {environment}`"
    gone = {one.address for one in outside if not one.attribute}
    undone = {(one.address, one.attribute) for one in pending}
    found = {(one.address, one.attribute) for one in outside}
    for one in outside:
        yield _outside(one, deploy, tfvars, undone=(one.address, one.attribute) in undone)
    for one in pending:
        if one.address in gone or (one.address, one.attribute) in found:
            continue
        losing = one.keeps_data and not one.attribute and one.old == "there"
        yield Finding(
            "change-pending",
            "critical" if losing else "warning",
            place(one),
            f"The code would make it {one.new}; it is {one.old}.",
            f"{deploy} carries it out, after an approval where it destroys; or take the change of "
            "the code back.",
        )


def _outside(one: Deviation, deploy: str, tfvars: str, *, undone: bool) -> Finding:
    if not one.attribute:
        severity: Severity = "critical" if one.keeps_data else "warning"
        remedy = f"{deploy} makes it again."
        if one.keeps_data:
            remedy = (
                "Recover it before anybody deploys, since a deploy would make an empty one: "
                "docs/runbook.md, 'Drift'."
            )
        return Finding(
            "deleted-outside", severity, place(one), "It was deleted outside of Terraform.", remedy
        )
    what = f"Changed outside of Terraform from {one.old} to {one.new}."
    if undone:
        remedy = f"{deploy} puts it back; to keep it, write it into {tfvars}."
        return Finding("changed-outside", "warning", place(one), what, remedy)
    remedy = "The code lets it be, and the next apply takes note of it: nothing to do."
    return Finding("changed-outside", "info", place(one), what, remedy)


def place(one: Deviation) -> str:
    return f"{one.address} {one.attribute}".strip()
