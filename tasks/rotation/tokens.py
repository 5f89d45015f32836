"""What signs and verifies tokens: one value in the vault, so that no mixed set can be read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.catalogue import jwt_set, keys
from tasks.catalogue.keys import Jwk
from tasks.catalogue.secret import hexadecimal
from tasks.rotation.scheme import ONE_MOVE, THREE_MOVES, Phase
from tasks.rotation.vault import SWITCHED, Change, Held, Move

SET = jwt_set.NAME


@dataclass(frozen=True)
class Tokens:
    """The elliptic keys: the first one signs; a second one verifies, before or after its time."""

    names = (SET,)
    presented = SET

    @property
    def moves(self) -> Mapping[Phase, Move]:
        return THREE_MOVES

    def phase(self, held: Held) -> Phase:
        if len(ring(held)) == 1:
            return "at rest"
        return "switched" if SWITCHED in held[SET].tags else "staged"

    def changes(self, held: Held) -> list[Change]:
        old = ring(held)
        match self.phase(held):
            case "at rest":
                return [changed(held, [*old, keys.waiting(keys.new_key())])]
            case "staged":
                return self.back(held)  # The two change places, whichever signs.
            case _:
                return [changed(held, old[:1])]

    def back(self, held: Held) -> list[Change]:
        first, second, *others = ring(held)
        return [changed(held, [keys.signing(second), keys.waiting(first), *others])]

    def refused(self, held: Held) -> dict[str, str]:
        return {SET: keys.sign_asymmetric("anon", ring(held)[1])}


@dataclass(frozen=True)
class Legacy:
    """The secret of the old kind: one version and one release, since nobody accepts two."""

    names = (SET,)
    presented = SET

    @property
    def moves(self) -> Mapping[Phase, Move]:
        return ONE_MOVE

    def phase(self, _held: Held) -> Phase:
        return "at rest"

    def changes(self, held: Held) -> list[Change]:
        return [changed(held, ring(held), hexadecimal(32)())]

    def back(self, _held: Held) -> list[Change]:
        return []

    def refused(self, held: Held) -> dict[str, str]:
        return {"anon-key": jwt_set.parse(held[SET].value)["anon-key"]}


def ring(held: Held) -> list[Jwk]:
    """The elliptic keys of the set; seeding has proved that they are some."""
    private = json.loads(jwt_set.parse(held[SET].value)["jwt-keys"])
    return [key for key in private if key["kty"] == "EC"]


def changed(held: Held, new: Sequence[Jwk], secret: str = "") -> Change:
    """The set with these keys; what still fits stays to the letter."""
    found = jwt_set.parse(held[SET].value)
    return Change(SET, jwt_set.text(jwt_set.members(secret or found["jwt-secret"], new, found)))
