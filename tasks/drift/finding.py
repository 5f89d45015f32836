"""One difference between what was decided and what is there."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "critical"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")  # The worst first.


@dataclass(frozen=True)
class Finding:
    """
    What is wrong, how bad it is, where, and what to do about it.

    `source` says which question found it: while that cannot be asked, nothing of it is resolved.
    """

    kind: str
    severity: Severity
    where: str
    what: str
    remedy: str
    source: str = ""

    @property
    def fingerprint(self) -> str:
        """The same for as long as the same thing is wrong at the same place."""
        return hashlib.sha256(f"{self.kind}|{self.where}".encode()).hexdigest()[:12]

    @property
    def rank(self) -> tuple[int, str, str]:
        return SEVERITIES.index(self.severity), self.kind, self.where


@dataclass(frozen=True)
class Verdict:
    """How a look at an environment ended: what is open, by severity, and a sentence about it."""

    counts: Mapping[str, int]
    text: str

    def reaches(self, mildest: str) -> bool:
        """Whether anything open is as bad as this, or worse."""
        return any(self.counts.get(one) for one in SEVERITIES[: 1 + _rank(mildest)])

    def __str__(self) -> str:
        return self.text


def _rank(severity: str) -> int:
    return [str(one) for one in SEVERITIES].index(severity)


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """How many of each severity, the worst first."""
    listed = [one.severity for one in findings]
    return {severity: listed.count(severity) for severity in SEVERITIES if severity in listed}


def told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {severity}" for severity, count in counts.items()) or "nothing"


def blind(source: str, what: str, remedy: str) -> Finding:
    """A source that could not be read is a finding itself: silence would look like health."""
    return Finding("could-not-look", "warning", source, what, remedy, source)
