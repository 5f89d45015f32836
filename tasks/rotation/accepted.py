"""A value that is presented, and the list of those that its verifier takes."""

from collections.abc import Mapping
from dataclasses import dataclass

from tasks.catalogue import Secret
from tasks.catalogue.accepted import who
from tasks.catalogue.secret import compact, properties
from tasks.rotation.scheme import NOTHING, THREE_MOVES, Phase
from tasks.rotation.vault import Change, Held, Move

SUFFIX = "-accepted"


@dataclass(frozen=True)
class Accepted:
    """API keys, logins of the database, credentials of S3Proxy."""

    secret: Secret

    @property
    def moves(self) -> Mapping[Phase, Move]:
        return THREE_MOVES

    @property
    def presented(self) -> str:
        return self.secret.name

    @property
    def accepted(self) -> str:
        return self.secret.name + SUFFIX

    @property
    def names(self) -> tuple[str, ...]:
        return (self.presented, self.accepted)

    @property
    def login(self) -> bool:
        return any(part.name == "username" for part in self.secret.parts)

    def phase(self, held: Held) -> Phase:
        own, entries = self._own(held), self._entries(held)
        if own not in entries:
            return "unaccepted"
        if entries[0] != own:
            return "staged"
        return "switched" if len(entries) > 1 else "at rest"

    def changes(self, held: Held) -> list[Change]:
        own, entries = self._own(held), self._entries(held)
        match self.phase(held):
            case "at rest":
                return [self._accept([self._new(own), own])]
            case "staged":
                return [Change(self.presented, self._value(entries[0]))]
            case "switched":
                return [self._accept([own])]
            case _:  # A person has put another value into the vault: it is the newest.
                return [self._accept([own, *(one for one in entries if self._beside(one, own))])]

    def back(self, held: Held) -> list[Change]:
        return [Change(self.presented, self._value(self._entries(held)[1]))]

    def refused(self, held: Held) -> dict[str, str]:
        if self.login:
            return {}  # The Job that ends a login has proved it; the test reaches no database.
        return {self.presented: self._entries(held)[1]}

    def _accept(self, entries: list[str]) -> Change:
        return Change(self.accepted, ",".join(entries))

    def _entries(self, held: Held) -> list[str]:
        return [entry for entry in held[self.accepted].value.split(",") if entry]

    def _own(self, held: Held) -> str:
        """What is presented, as it stands in the list."""
        return self._entry(held[self.presented].value)

    def _entry(self, value: str) -> str:
        if not self.secret.parts:
            return value
        found = properties(value)
        return ":".join(found[part.name] for part in self.secret.parts)

    def _value(self, entry: str) -> str:
        if not self.secret.parts:
            return entry
        names = [part.name for part in self.secret.parts]
        return compact(dict(zip(names, entry.split(":", len(names) - 1), strict=True)))

    def _new(self, own: str) -> str:
        """Another login than the present one, or another key."""
        made = self._entry(self.secret.make({}, NOTHING) or "")
        if self.secret.parts and who(made) == who(own):
            name, _, secret = made.partition(":")
            return f"{name.removesuffix('_1')}_2:{secret}"
        return made

    def _beside(self, entry: str, own: str) -> bool:
        """One name has one secret: nothing can take two of them."""
        return not self.secret.parts or who(entry) != who(own)
