"""What speaks against a deployment: each with the value, the rule and the remedy; all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.errors import PreflightError


@dataclass(frozen=True)
class Complaint:
    """One thing that would fail later: what is wrong by which rule, and what to do about it."""

    problem: str
    remedy: str = ""


def verdict(environment: str, found: Sequence[Complaint]) -> None:
    """Raise everything that was found, so that it is corrected in one go."""
    complaints = list(dict.fromkeys(found))
    if not complaints:
        return
    if len(complaints) == 1:
        raise PreflightError(complaints[0].problem, complaints[0].remedy)
    lines = [
        f"{at}. {one.problem}" + (f"\n   Next: {one.remedy}" if one.remedy else "")
        for at, one in enumerate(complaints, 1)
    ]
    raise PreflightError(
        f"{len(lines)} things speak against deploying {environment}:\n" + "\n".join(lines),
        "Correct them, then run again; nothing was touched.",
    )
