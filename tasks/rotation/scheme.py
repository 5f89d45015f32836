"""What every kind of rotation answers: where it stands, and which contents come next."""

from collections.abc import Mapping
from typing import Literal, Protocol

from tasks.catalogue import Facts
from tasks.rotation.vault import Change, Held, Move

Phase = Literal[
    "at rest",  # One value, presented and accepted.
    "staged",  # The next one is accepted; the old one is presented.
    "switched",  # The next one is presented; the old one is still accepted.
    "unaccepted",  # Somebody has put a value into the vault that no verifier takes.
    "half",  # Names that change together differ in generation: a run died between them.
]
THREE_MOVES: Mapping[Phase, Move] = {
    "at rest": "stage",
    "unaccepted": "stage",
    "staged": "switch",
    "switched": "retire",
}
ONE_MOVE: Mapping[Phase, Move] = {"at rest": "switch", "half": "switch"}
NOTHING = Facts("")  # What is generated follows from no fact.


class Scheme(Protocol):
    """One unit's way from an old value to a new one; contents only, without dates."""

    @property
    def names(self) -> tuple[str, ...]:
        """Whose versions it reads and writes."""
        ...

    @property
    def presented(self) -> str:
        """Whose version tells age and generation."""
        ...

    @property
    def moves(self) -> Mapping[Phase, Move]: ...
    def phase(self, held: Held) -> Phase: ...
    def changes(self, held: Held) -> list[Change]:
        """The move that this phase asks for."""
        ...

    def back(self, held: Held) -> list[Change]:
        """Present the old value again, while it is still accepted; nothing, where none is."""
        ...

    def refused(self, held: Held) -> dict[str, str]:
        """What nobody takes any more once the next changes are in use."""
        ...
