"""The course of one unit: what its next move writes, what goes back, and what is then on record."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks.catalogue.rotation import Kind
from tasks.rotation.accepted import Accepted
from tasks.rotation.policy import NEAR, Policy
from tasks.rotation.scheme import ONE_MOVE, Scheme
from tasks.rotation.single import AccountKey, Provided, Replaced
from tasks.rotation.standing import Standing
from tasks.rotation.tokens import Legacy, Tokens
from tasks.rotation.units import LEGACY, Unit
from tasks.rotation.vault import (
    BEFORE,
    GENERATION,
    IN_USE,
    MADE_BY,
    REPLACED,
    RETIRED,
    RETURNED,
    STAGED,
    STAMPS,
    SWITCHED,
    US,
    AccountKeys,
    Change,
    Held,
    Move,
    Stored,
    Write,
    generation,
    moment,
    unsettled,
)


def scheme(unit: Unit, keys: AccountKeys) -> Scheme | None:
    """How this unit rotates; None where it stays for good."""
    if unit.name == LEGACY:
        return Legacy()
    ways: Mapping[Kind, Callable[[], Scheme]] = {
        "accepted": lambda: Accepted(unit.members[0]),
        "tokens": Tokens,
        "account key": lambda: AccountKey(unit.members[0], keys),
        "replace": lambda: Replaced(unit.members),
        "administrator": lambda: Replaced(unit.members),
        "on demand": lambda: Accepted(unit.members[0]) if unit.overlaps else Replaced(unit.members),
        "provided": lambda: Provided(unit.members[0]),
    }
    return ways[unit.kind]() if unit.kind in ways else None


@dataclass(frozen=True)
class Course:
    """A unit, its way, and what the vault holds of it now; lives inside a step."""

    unit: Unit
    way: Scheme
    held: Held
    policy: Policy

    @property
    def shown(self) -> Stored:
        return self.held[self.way.presented]

    @property
    def standing(self) -> Standing:
        phase = self.way.phase(self.held)
        return Standing(
            self.unit,
            phase,
            generation(self.shown),
            self._made,
            self._fresh,
            self.way.moves.get(phase),
            self._due,
            tuple((name, self.held[name].version) for name in self.way.names),
        )

    @property
    def _fresh(self) -> tuple[str, ...]:
        """Not seen in use yet: what we wrote, and in the middle of a way what anybody wrote."""
        midway = self.way.phase(self.held) != "at rest"
        stored = {name: self.held[name] for name in self.way.names}
        return tuple(
            name
            for name, one in stored.items()
            if unsettled(one) or (midway and IN_USE not in one.tags)
        )

    @property
    def _made(self) -> datetime:
        """Later versions of a value keep the day on which it was switched to."""
        return moment(self.shown, SWITCHED) or self.shown.created

    @property
    def _due(self) -> datetime | None:
        phase = self.way.phase(self.held)
        seen = (moment(self.held[name], IN_USE) for name in self.way.names)
        since = max((one for one in seen if one), default=self._made)
        if phase == "switched":
            return since + self.policy.overlap(self.unit)
        if phase == "staged":
            return since + self.policy.hearsay(self.unit)
        if phase != "at rest":
            return self._made  # It was begun, and goes on at once.
        if self.unit.kind == "on demand":
            return None  # Whatever its version says: somebody outside would be cut off.
        days, expires = self.policy.days(self.unit), self.shown.expires
        ends = [self._made + timedelta(days=days)] if days else []
        ends += [expires - NEAR] if expires else []
        return min(ends, default=None)

    # --- What the vault gets ------------------------------------------------------------------

    def writes(self, move: Move, now: datetime) -> list[Write]:
        """In this order; each of them leaves a state that works."""
        phase = self.way.phase(self.held)
        number = max(generation(self.held[name]) for name in self.way.names)
        if move == "switch" and phase != "half":
            number = generation(self.shown) + 1
        return self._dated(
            self.way.changes(self.held),
            keep=(STAGED, SWITCHED) if self._legacy or phase != "at rest" else (),
            stamp={GENERATION: str(number), REPLACED if self._legacy else STAMPS[move]: _text(now)},
            expires=self.shown.expires if self._legacy else self.policy.expires(self.unit, now),
        )

    @property
    def _legacy(self) -> bool:
        """It leaves the other keys of the set where they stand."""
        return self.unit.name == LEGACY

    @property
    def _new(self) -> str:
        """The tag of a version that presents a new value."""
        return REPLACED if self._legacy else SWITCHED

    @property
    def before(self) -> Mapping[str, str]:
        """The version before each of those that were not seen in use yet."""
        written = {name: self.held[name] for name in self.way.names if unsettled(self.held[name])}
        return {name: one.tags[BEFORE] for name, one in written.items() if BEFORE in one.tags}

    def refused(self, before: Held) -> dict[str, str]:
        """What nobody accepts once that is in use which was written last."""
        last = self._new if self.way.moves is ONE_MOVE else RETIRED
        ends = any(last in self.held[name].tags for name in before)
        return self.way.refused({**self.held, **before}) if ends else {}

    @property
    def arriving(self) -> bool:
        """A new value is presented, and was not seen in use yet."""
        others = {REPLACED, RETIRED, RETURNED} - {self._new}
        tags = set(self.shown.tags)
        return unsettled(self.shown) and self._new in tags and not others & tags

    @property
    def undoable(self) -> bool:
        """The new value was not seen to work yet, and the old one is accepted, or can be again."""
        way_back = self.way.phase(self.held) == "switched" or self.way.moves is ONE_MOVE
        return self.arriving and way_back

    def back(self, before: Held, now: datetime) -> list[Write]:
        """Present the old value again; what has its age is due at once: the next run tries anew."""
        again = [
            Change(name, before[name].value)
            for name in reversed(self.way.names)  # The first one tells until the end what is left.
            if name in before and self._new in self.held[name].tags
        ]
        return self._dated(
            again if self.way.moves is ONE_MOVE else self.way.back(self.held),
            keep=(STAGED, SWITCHED) if self._legacy else (STAGED,),
            stamp={GENERATION: str(generation(self.shown) - 1), RETURNED: _text(now)},
            expires=now + NEAR if self.unit.by_age else self.shown.expires,
        )

    def marks(self, now: datetime) -> list[Write]:
        """For what the cluster was just seen to use."""
        return [
            Write(name, None, dict(self.held[name].tags) | {IN_USE: _text(now)})
            for name in self._fresh
        ]

    def _dated(
        self,
        changes: list[Change],
        keep: Collection[str],
        stamp: Mapping[str, str],
        expires: datetime | None,
    ) -> list[Write]:
        dated = []
        for change in changes:
            tags, new = dict(self.held[change.name].tags), {**stamp, **change.tags}
            if change.value is None:  # The version stays, and with it what is known of it.
                dated.append(Write(change.name, None, tags | new))
                continue
            kept = {name: tags[name] for name in keep if name in tags}
            kept |= {MADE_BY: US, BEFORE: self.held[change.name].version}
            dated.append(Write(change.name, change.value, kept | new, expires))
        return dated


def _text(now: datetime) -> str:
    return now.isoformat(timespec="seconds")
