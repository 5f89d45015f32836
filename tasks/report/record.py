"""A run as values: spans of work, waits with their reasons, and the chain that set its length."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True)
class Wait:
    """Time in which a step only waited for its next try."""

    start: datetime
    end: datetime
    reason: str

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


def waits_between(
    states: list[tuple[str, datetime]], reasons: list[tuple[datetime, str]]
) -> tuple[Wait, ...]:
    """Pair each AwaitingRetry of a step's history with the reason that was told just before it."""
    waits = []
    for (name, start), (_, end) in pairwise(states):
        if name == "AwaitingRetry":
            told = [reason for when, reason in reasons if when <= start]
            waits.append(Wait(start, end, told[-1] if told else "a failure that passes"))
    return tuple(waits)
