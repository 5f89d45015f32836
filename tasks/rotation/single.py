"""What changes in one move: everybody who knows it is ours, and restarts with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.catalogue import Secret
from tasks.rotation.scheme import NOTHING, ONE_MOVE, Phase
from tasks.rotation.vault import (
    RETIRED,
    SWITCHED,
    AccountKeys,
    Change,
    Held,
    Move,
    generation,
)


@dataclass(frozen=True)
class Replaced:
    """New values for one name, or for several that go together."""

    members: tuple[Secret, ...]

    @property
    def moves(self) -> Mapping[Phase, Move]:
        return ONE_MOVE

    @property
    def presented(self) -> str:
        return self.members[0].name

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(secret.name for secret in self.members)

    def phase(self, held: Held) -> Phase:
        return "at rest" if len({generation(held[name]) for name in self.names}) == 1 else "half"

    def changes(self, held: Held) -> list[Change]:
        """All of them; after a run that died between two, those that it did not reach."""
        behind = [
            secret
            for secret in self.members
            if self.phase(held) == "at rest"
            or generation(held[secret.name]) < max(generation(held[name]) for name in self.names)
        ]
        return [Change(secret.name, secret.make({}, NOTHING)) for secret in behind]

    def back(self, _held: Held) -> list[Change]:
        return []

    def refused(self, _held: Held) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class Provided:
    """What its issuer alone replaces: it has an age, and no moves."""

    secret: Secret
    moves: Mapping[Phase, Move] = field(default_factory=dict)

    @property
    def presented(self) -> str:
        return self.secret.name

    @property
    def names(self) -> tuple[str, ...]:
        return (self.secret.name,)

    def phase(self, _held: Held) -> Phase:
        return "at rest"

    def changes(self, _held: Held) -> list[Change]:
        return []

    def back(self, _held: Held) -> list[Change]:
        return []

    def refused(self, _held: Held) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class AccountKey:
    """The other key of the storage account is made anew and taken; then this one ends."""

    secret: Secret
    keys: AccountKeys

    @property
    def moves(self) -> Mapping[Phase, Move]:
        return {"at rest": "switch", "switched": "retire"}

    @property
    def presented(self) -> str:
        return self.secret.name

    @property
    def names(self) -> tuple[str, ...]:
        return (self.secret.name,)

    def phase(self, held: Held) -> Phase:
        tags = held[self.presented].tags
        return "switched" if SWITCHED in tags and RETIRED not in tags else "at rest"

    def changes(self, held: Held) -> list[Change]:
        """Asks Azure: a key that is made anew twice, because a run died, was in use nowhere."""
        idle = self._idle(held)
        new = self.keys.regenerate(idle)
        if self.phase(held) == "switched":
            return [Change(self.presented, None)]
        return [Change(self.presented, new)]

    def back(self, held: Held) -> list[Change]:
        return [Change(self.presented, self.keys.value(self._idle(held)))]

    def refused(self, _held: Held) -> dict[str, str]:
        return {}  # Only Azure could say so, and it has ended the old one itself.

    def _idle(self, held: Held) -> str:
        """The one that the vault does not hold, by its value: a tag may be older than the value."""
        second = held[self.presented].value == self.keys.value("key2")
        return "key1" if second else "key2"
