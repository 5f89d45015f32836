"""A run as values: spans of work, waits with their reasons, and the chain that set its length."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

TOLD = re.compile(r"^(.*?) Waiting for .*?(?:\(waits\.(\w+)\))?; try ", re.DOTALL)
UNKNOWN = "a failure that passes"
APPROVAL = "approval"
OTHER = "other"


@dataclass(frozen=True)
class Wait:
    """Time in which a step only waited for its next try."""

    start: datetime
    end: datetime
    reason: str
    kind: str = OTHER  # The key of `waits:` that granted the patience, or an approval.

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


@dataclass(frozen=True)
class Span:
    """One step of a stage, from its first start to its last end."""

    stage: str
    name: str
    start: datetime
    end: datetime
    state: str
    attempts: int = 1
    waits: tuple[Wait, ...] = ()

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def waited(self) -> float:
        return sum(wait.seconds for wait in self.waits)

    @property
    def failed(self) -> bool:
        return self.state.lower() not in {"completed", "running"}


@dataclass(frozen=True)
class Cost:
    """What one kind of waiting took of a run; waits beside each other count once in the share."""

    kind: str
    waits: int
    seconds: float
    elapsed: float  # Of the run's own time, in which at least one of them went on.
    critical: float  # Of that, within the chain that set the run's length.


@dataclass(frozen=True)
class Record:
    """One whole run."""

    run: str
    environment: str
    start: datetime
    end: datetime
    spans: tuple[Span, ...]
    failure: str = ""
    note: str = ""
    changes: tuple[str, ...] = field(default=())
    checks: tuple[dict[str, str], ...] = field(default=())
    approvals: tuple[dict[str, str], ...] = field(default=())
    versions: tuple[dict[str, str], ...] = field(default=())

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def waited(self) -> float:
        return sum(span.waited for span in self.spans)

    @property
    def stages(self) -> list[str]:
        """In the order in which they began."""
        return list(dict.fromkeys(span.stage for span in self.spans))

    @property
    def costs(self) -> list[Cost]:
        """By kind, the dearest first."""
        chain = [wait for span in critical_path(self.spans) for wait in span.waits]
        every = [wait for span in self.spans for wait in span.waits]
        kinds: dict[str, list[Wait]] = {}
        for wait in every:
            kinds.setdefault(wait.kind, []).append(wait)
        costs = [
            Cost(
                kind,
                len(waits),
                sum(wait.seconds for wait in waits),
                covered(waits),
                covered(wait for wait in chain if wait.kind == kind),
            )
            for kind, waits in kinds.items()
        ]
        return sorted(costs, key=lambda cost: -cost.elapsed)


def critical_path(spans: tuple[Span, ...]) -> list[Span]:
    """
    The chain of steps that set the length of the run, first to last.

    Walks back from the step that ended last: before each step comes the one that ended last
    before it began. Making any step of the chain shorter makes the run shorter.
    """
    chain: list[Span] = []
    left = [span for span in spans if span.seconds > 0]
    while left:
        last = max(left, key=lambda span: span.end)
        chain.append(last)
        left = [span for span in left if span.end <= last.start]
    return chain[::-1]


def covered(waits: Iterable[Wait]) -> float:
    """Seconds in which at least one of them went on."""
    total, until = 0.0, None
    for wait in sorted(waits, key=lambda wait: wait.start):
        start = wait.start if until is None else max(wait.start, until)
        total += max(0.0, (wait.end - start).total_seconds())
        until = wait.end if until is None else max(until, wait.end)
    return total


def waits_between(
    states: list[tuple[str, datetime]], told: list[tuple[datetime, str]]
) -> tuple[Wait, ...]:
    """Pair each AwaitingRetry of a step's history with what was told just before it."""
    waits = []
    for (name, start), (_, end) in pairwise(states):
        if name == "AwaitingRetry":
            texts = [text for when, text in told if when <= start]
            waits.append(Wait(start, end, *reason(texts[-1] if texts else "")))
    return tuple(waits)


def reason(told: str) -> tuple[str, str]:
    """Reason and kind, from the line that `wait.show` leaves in the UI."""
    found = TOLD.match(told)
    if found is None:
        return told or UNKNOWN, OTHER
    return found[1], found[2] or OTHER
