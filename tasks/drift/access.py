"""Role assignments: those that are declared and gone, those that are there and not declared."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from tasks.drift.finding import Finding


class Assignment(Protocol):
    """Who may do what, where; `purpose` is empty for one that nobody declared."""

    @property
    def scope(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def principal_id(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def remedy(self) -> str: ...


def access(
    missing: Sequence[Assignment], extra: Sequence[Assignment], environment: str, *, assigns: bool
) -> Iterator[Finding]:
    """`assigns`: whether Terraform makes assignments here; if not, an owner runs a command."""
    for one in missing:
        again = f"`python -m flows deploy --environment {environment}` assigns it again."
        yield Finding(
            "role-missing",
            "critical",
            place(one),
            f"The assignment is gone. It is there so that: {one.purpose}",
            again if assigns else f"An owner of the subscription runs `{one.remedy}`.",
        )
    for one in extra:
        yield Finding(
            "role-extra",
            "warning",
            place(one),
            "One of our identities has this role, and nothing here declares it.",
            f"`{one.remedy}`; or declare it in terraform/.",
        )


def place(one: Assignment) -> str:
    """Without the subscription, which is the same for all."""
    short = "/".join(one.scope.rstrip("/").rsplit("/", 2)[1:])
    return f"{one.role} on {short} for {one.principal_id}"
