"""What changes together: the catalogue's units, and how one is found by a name that people type."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tasks.catalogue import Secret
from tasks.catalogue.rotation import Kind
from tasks.errors import ConfigError
from tasks.rotation.accepted import SUFFIX

LEGACY = "jwt-secret"  # The unit of the old kind of tokens: never by age, never beside others.
BY_AGE: frozenset[Kind] = frozenset(
    {"replace", "accepted", "tokens", "account key", "administrator"}
)
NEVER: frozenset[Kind] = frozenset({"fixed", "provided", "follows"})
RUNBOOK = "docs/secrets.md, 'Rotation', lists what rotates and how."


@dataclass(frozen=True)
class Unit:
    """Names that change together; `members` get new values, `beside` follows them."""

    name: str
    kind: Kind
    days: int | None
    why: str
    members: tuple[Secret, ...]
    beside: tuple[Secret, ...] = ()

    @property
    def by_age(self) -> bool:
        return self.kind in BY_AGE

    @property
    def overlaps(self) -> bool:
        """Whether its verifier takes a list, so that old and new work side by side."""
        listed = {secret.name for secret in self.beside}
        return any(secret.name + SUFFIX in listed for secret in self.members)

    @property
    def readers(self) -> tuple[str, ...]:
        """Consumers in the cluster that a rotation restarts."""
        secrets = (*self.members, *self.beside)
        return tuple(sorted({reader for secret in secrets for reader in secret.readers}))


def units(catalogue: Sequence[Secret]) -> tuple[Unit, ...]:
    """All of an environment, in the catalogue's order."""
    names = dict.fromkeys(secret.rotation.unit for secret in catalogue)
    found = tuple(_unit(name, catalogue) for name in names)
    tokens = [unit for unit in found if unit.kind == "tokens"]
    return found + tuple(
        Unit(LEGACY, "on demand", None, "ends all sessions and the old API keys", one.members)
        for one in tokens
    )


def _unit(name: str, catalogue: Sequence[Secret]) -> Unit:
    together = [secret for secret in catalogue if secret.rotation.unit == name]
    members = tuple(secret for secret in together if secret.rotation.kind != "follows")
    beside = tuple(secret for secret in together if secret.rotation.kind == "follows")
    first = (members or beside)[0].rotation
    return Unit(name, first.kind, first.days, first.why, members, beside)


def chosen(all_units: Sequence[Unit], only: Sequence[str]) -> tuple[Unit, ...]:
    """
    The units that a person named; all but the old kind of tokens, when nobody named any.

    A pattern (`pg-*`) means those that rotate by age. The rest wants its own name: clients outside
    hold it, or sessions end with it.
    """
    if not only:
        return tuple(unit for unit in all_units if unit.name != LEGACY)
    found = {unit.name: unit for word in only for unit in _named(all_units, word)}
    if LEGACY in found and len(found) > 1:
        raise ConfigError(
            f"{LEGACY} ends all sessions and rotates alone.", f"Run it with `--only {LEGACY}`."
        )
    return tuple(found.values())


def _named(all_units: Sequence[Unit], word: str) -> list[Unit]:
    names = {unit.name: unit for unit in all_units}
    unit = names.get(word)
    if unit is None and any(sign in word for sign in "*?["):
        matching = [one for one in all_units if one.by_age and fnmatchcase(one.name, word)]
        if matching:
            return matching
    if unit is None:
        members = {s.name: one for one in all_units for s in one.members if one.name != LEGACY}
        unit = members.get(word)
    if unit is None:
        raise ConfigError(*_unknown(all_units, word))
    if unit.kind in NEVER:
        raise ConfigError(f"{word} does not rotate: {unit.why}.", RUNBOOK)
    return [unit]


def _unknown(all_units: Sequence[Unit], word: str) -> tuple[str, str]:
    followed = {s.name: unit.name for unit in all_units for s in unit.beside}
    if word in followed:
        return f"{word} follows {followed[word]}.", f"Name {followed[word]} instead."
    known = [unit.name for unit in all_units if unit.kind not in NEVER]
    close = difflib.get_close_matches(word, known, n=1)
    meant = f"Did you mean {close[0]!r}? " if close else ""
    return f"There is no secret {word!r} that rotates.", f"{meant}Known: {', '.join(known)}."
