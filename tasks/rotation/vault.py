"""What a rotation sees of the vault: versions whose tags say how far it has come."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Move = Literal["stage", "switch", "retire"]
MOVES: tuple[Move, ...] = ("stage", "switch", "retire")

GENERATION = "generation"
MADE_BY, US = "made-by", "supabase-on-azure"
# When a move wrote this version, and since when the cluster is known to use it.
STAGED, SWITCHED, REPLACED, RETIRED = "staged-at", "switched-at", "replaced-at", "retired-at"
RETURNED = "returned-at"  # When the value of the version before was presented again.
IN_USE = "in-use-since"
BEFORE = "version-before"  # Whose value this one has replaced.

STAMPS: Mapping[Move, str] = {"stage": STAGED, "switch": SWITCHED, "retire": RETIRED}
WRITTEN = frozenset({STAGED, SWITCHED, REPLACED, RETIRED, RETURNED})


class Stored(Protocol):
    """The current version of one secret; only steps hold it."""

    @property
    def value(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    @property
    def expires(self) -> datetime | None: ...
    @property
    def tags(self) -> Mapping[str, str]: ...


Held = Mapping[str, Stored]


class Vault(Protocol):
    """Where values lie; a write is one version, a tag changes the current one."""

    def read(self, names: Collection[str]) -> Held: ...
    def version(self, name: str, version: str) -> Stored | None: ...
    def write(
        self, name: str, value: str, tags: Mapping[str, str], expires: datetime | None
    ) -> str: ...
    def tag(self, name: str, version: str, tags: Mapping[str, str]) -> None: ...


class AccountKeys(Protocol):
    """The two keys of a storage account; `regenerate` ends the old value of one of them."""

    def value(self, name: str) -> str: ...
    def regenerate(self, name: str) -> str: ...


@dataclass(frozen=True)
class Change:
    """A new value for one name; without one, the version stays and takes the tags."""

    name: str
    value: str | None = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Write:
    """A change as it goes to the vault, dated and numbered."""

    name: str
    value: str | None = field(repr=False)
    tags: Mapping[str, str]
    expires: datetime | None = None


def generation(stored: Stored) -> int:
    """What was seeded, by us or by hand, is the first."""
    told = stored.tags.get(GENERATION, "")
    return int(told) if told.isdigit() else 1


def unsettled(stored: Stored) -> bool:
    """A rotation wrote it, and nobody has yet seen the cluster use it."""
    return bool(WRITTEN & set(stored.tags)) and IN_USE not in stored.tags


def moment(stored: Stored, tag: str) -> datetime | None:
    """When, as a tag says; what a person has mistyped counts as never."""
    try:
        return datetime.fromisoformat(stored.tags[tag])
    except (KeyError, ValueError):
        return None
