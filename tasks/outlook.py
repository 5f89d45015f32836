"""Everything that a deploy would do, known before it does anything."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

QUIET = "nothing to do"
FOLDED = 4  # Names of new things of one kind that a line shows.


@dataclass(frozen=True)
class Part:
    """What one part of one stage would do; `unknown` says what cannot be told yet, and why."""

    stage: str
    subject: str
    changes: tuple[str, ...] = ()
    unknown: str = ""
    severe: tuple[str, ...] = field(default=())  # Those of the changes that destroy.

    @property
    def verdict(self) -> str:
        """The part in a few words."""
        told = [f"{len(self.changes)} changes" if len(self.changes) > 1 else "1 change"]
        told = told if self.changes else []
        if self.severe:
            told.append(f"{len(self.severe)} destroy")
        if self.unknown:
            told.append(f"not known yet: {self.unknown}" if not told else "the rest not known yet")
        return ", ".join(told) or QUIET


@dataclass(frozen=True)
class Outlook:
    """All parts, in the order in which a deploy comes to them."""

    environment: str
    parts: tuple[Part, ...]

    @property
    def empty(self) -> bool:
        """Whether a deploy would leave everything as it is, as far as anybody can know."""
        return not any(part.changes or part.unknown for part in self.parts)

    def __str__(self) -> str:
        busy = [part for part in self.parts if part.changes]
        severe = sum(len(part.severe) for part in busy)
        unknown = sum(bool(part.unknown) for part in self.parts)
        if self.empty:
            return f"A deploy of {self.environment} would change nothing."
        changes = sum(len(part.changes) for part in busy)
        parts = [f"{changes} changes in {len(busy)} parts"] if busy else []
        parts += [f"{severe} of them destroy"] if severe else []
        parts += [f"{unknown} parts cannot be known yet"] if unknown else []
        return f"A deploy of {self.environment} would make: {'; '.join(parts)}."

    def markdown(self) -> str:
        rows = ["| stage | part | what would happen |", "|-|-|-|"]
        rows += [f"| {one.stage} | {one.subject} | {cell(one.verdict)} |" for one in self.parts]
        head = f"# {self}\n\nNothing was changed: this run only looked."
        sections = [section(part) for part in self.parts if part.changes]
        return "\n\n".join([head, "\n".join(rows), *sections]) + "\n"


def section(part: Part) -> str:
    """One part in full; what destroys comes first."""
    mild = [change for change in part.changes if change not in part.severe]
    lines = [f"- **{change}**" for change in part.severe] + [f"- {change}" for change in mild]
    if part.unknown:
        lines.append(f"- *Not known yet: {part.unknown}*")
    return "\n".join([f"## {part.stage}: {part.subject}\n", *lines])


def folded(verb: str, things: Iterable[tuple[str, str]]) -> list[str]:
    """New things by their kind, so that fifty of them still fit on a screen."""
    listed = list(things)
    counts = Counter(kind for kind, _ in listed)
    lines = []
    for kind, count in counts.items():
        names = [name for other, name in listed if other == kind]
        more = f" and {count - FOLDED} more" if count > FOLDED else ""
        lines.append(f"{verb} {count} of `{kind}`: {', '.join(names[:FOLDED])}{more}")
    return lines


def cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
