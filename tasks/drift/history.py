"""What was found before: so that nothing is reported twice, and its end is reported, too."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tasks.drift.finding import SEVERITIES, Finding, Severity
from tasks.drift.ignore import Sifted

KEPT = timedelta(days=30)  # What is resolved stays readable for so long.


@dataclass(frozen=True)
class Entry:
    """One finding over time; the times are ISO texts, as an artifact keeps them."""

    fingerprint: str
    kind: str
    severity: Severity
    where: str
    source: str
    first: str
    last: str
    resolved: str = ""


@dataclass(frozen=True)
class Chronicle:
    """The history as it is now, and what of it is news."""

    entries: tuple[Entry, ...]
    new: tuple[Finding, ...]
    resolved: tuple[Entry, ...]

    @property
    def since(self) -> Mapping[str, str]:
        """When each open finding was seen first."""
        return {one.fingerprint: one.first for one in self.entries if not one.resolved}


def continued(
    known: Sequence[Entry],
    sifted: Sifted,
    now: datetime,
    *,
    blind: Collection[str] = (),
) -> Chronicle:
    """
    Go on with a history.

    News is what was not open before, or has become worse. What a source found that cannot be read
    now stays open; what a rule lets be from now on is no longer told, and not resolved either.
    """
    stamp = now.isoformat(timespec="seconds")
    present = {one.fingerprint: one for one in sifted.counted}
    ignored = {one.fingerprint for one, _ in sifted.ignored}
    past = {one.fingerprint: one for one in known}
    entries, new, resolved = [], [], []
    for mark, finding in present.items():
        old = past.get(mark)
        if old is None or old.resolved:
            entries.append(begun(finding, stamp))
            new.append(finding)
            continue
        entries.append(replace(old, severity=finding.severity, source=finding.source, last=stamp))
        if SEVERITIES.index(finding.severity) < SEVERITIES.index(old.severity):
            new.append(finding)
    for mark, old in past.items():
        if mark in present or mark in ignored:
            continue
        if old.resolved:
            if datetime.fromisoformat(old.resolved) + KEPT > now:
                entries.append(old)
        elif unseen(old.source, blind):
            entries.append(old)
        else:
            entries.append(replace(old, resolved=stamp))
            resolved.append(entries[-1])
    return Chronicle(tuple(entries), tuple(new), tuple(resolved))


def begun(finding: Finding, stamp: str) -> Entry:
    return Entry(
        finding.fingerprint,
        finding.kind,
        finding.severity,
        finding.where,
        finding.source,
        stamp,
        stamp,
    )


def unseen(source: str, blind: Collection[str]) -> bool:
    """Whether a source, or what it is a part of, could not be read."""
    return any(source == one or source.startswith(f"{one}/") for one in blind)
