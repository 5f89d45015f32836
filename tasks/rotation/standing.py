"""Where a unit stands, and whether it is time: facts of versions, never their values."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from tasks.rotation.scheme import Phase
from tasks.rotation.units import Unit
from tasks.rotation.vault import Move


@dataclass(frozen=True)
class Standing:
    """One unit, as its versions in the vault tell."""

    unit: Unit
    phase: Phase
    generation: int
    made: datetime
    fresh: tuple[str, ...]  # Names that a rotation wrote and the cluster was not yet seen to use.
    move: Move | None  # What this phase asks for.
    due: datetime | None  # When that may be done; None: only when somebody asks.
    versions: tuple[tuple[str, str], ...] = ()  # Name and version.

    @property
    def settled(self) -> bool:
        return not self.fresh

    @property
    def under_way(self) -> bool:
        return not self.settled or self.phase != "at rest"

    @property
    def restarts(self) -> tuple[str, ...]:
        """Who has to take up what was written."""
        secrets = (*self.unit.members, *self.unit.beside)
        return tuple(
            sorted({who for one in secrets if one.name in self.fresh for who in one.readers})
        )

    def is_due(self, now: datetime) -> bool:
        return self.due is not None and self.due <= now


@dataclass(frozen=True)
class Round:
    """One move of all units for which it was time, brought into the cluster and proved there."""

    move: Move | None  # None: what a dead run has left was brought there.
    moved: tuple[Standing, ...]  # As they stood when it was written.
    arrived: tuple[Standing, ...]  # Units whose new value is in use since then.
    seconds: float


def begun(standings: Sequence[Standing], named: Collection[str], now: datetime) -> set[str]:
    """The units that this run begins: those that a person named, else those that are due."""
    return {
        one.unit.name
        for one in standings
        if one.move and not one.under_way and (one.unit.name in named if named else one.is_due(now))
    }


def early(standings: Sequence[Standing], named: Collection[str]) -> tuple[Standing, ...]:
    """Named while an old value is still accepted: that one ends now, and the unit begins anew."""
    return tuple(
        one
        for one in standings
        if one.settled and one.phase == "switched" and one.unit.name in named
    )


def movable(one: Standing, move: Move, begin: Collection[str], now: datetime) -> bool:
    """
    Whether a unit makes this move now.

    What the cluster has not taken up yet makes none: it may still need the old value. `begin` names
    those that somebody wants now: at rest they start, and an old value of theirs ends early.
    """
    if one.move != move or (not one.settled and one.phase != "half"):
        return False
    if one.phase in ("at rest", "switched") and one.unit.name in begin:
        return True
    return one.phase != "at rest" and one.is_due(now)
