"""Steps that read the vault, decide and write: values come and go inside of them."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tasks import wait
from tasks.errors import NotReadyError
from tasks.rotation.course import Course, scheme
from tasks.rotation.policy import Policy
from tasks.rotation.standing import Standing, movable
from tasks.rotation.units import Unit
from tasks.rotation.vault import MADE_BY, US, AccountKeys, Held, Move, Vault, Write
from tasks.step import step

RETIRED = "retired-credentials"
SAYS: dict[Move, str] = {
    "stage": "the next value is accepted beside the old one",
    "switch": "the next value is presented",
    "retire": "the old value is accepted no longer",
}


@dataclass(frozen=True)
class Safe:
    """Where a step finds values: the vault, and the keys that Azure makes."""

    vault: Vault
    keys: AccountKeys
    policy: Policy = field(default_factory=Policy)

    def open(self, units: Sequence[Unit]) -> Iterator[Course]:
        """Units that rotate and are seeded, with what the vault holds of them now."""
        ways = [(unit, way) for unit in units if (way := scheme(unit, self.keys))]
        held = self.vault.read({name for _, way in ways for name in way.names})
        for unit, way in ways:
            if set(way.names) <= set(held):
                yield Course(unit, way, held, self.policy)

    def before(self, course: Course) -> Held:
        """What the vault held before that which was not seen in use yet."""
        found = {name: self.vault.version(name, version) for name, version in course.before.items()}
        return {name: stored for name, stored in found.items() if stored}

    def put(self, writes: Sequence[Write], held: Held) -> None:
        for one in writes:
            if one.value is None:
                self.vault.tag(one.name, held[one.name].version, one.tags)
            else:
                self.vault.write(one.name, one.value, one.tags, one.expires)


@step("survey-secrets")
def survey(safe: Safe, units: Sequence[Unit]) -> tuple[Standing, ...]:
    """Where every unit stands, by its versions and their tags; changes nothing."""
    return tuple(course.standing for course in safe.open(units))


@step("rotate-secrets-{move}")
def make(
    safe: Safe, units: Sequence[Unit], move: Move, begin: Collection[str]
) -> tuple[Standing, ...]:
    """
    Every unit for which it is time makes this move; says how those stand that have moved.

    `begin` names the units that do so whatever their age. A further try finds what the one before
    it has written by the missing mark: a move is made once.
    """
    moved: list[Unit] = []
    for course in safe.open(units):
        now, before = datetime.now(UTC), course.standing
        if movable(before, move, begin, now):
            safe.put(course.writes(move, now), course.held)
        elif before.settled:
            continue
        moved.append(course.unit)
        wait.logger().info("%s: %s.", course.unit.name, SAYS[move])
    after = tuple(course.standing for course in safe.open(moved))
    if after:
        told = ", ".join(f"{one.unit.name} (generation {one.generation})" for one in after)
        wait.changed(f"**Key Vault**, {move}: {SAYS[move]}: {told}")
    return after


@step("expect-refusals")
def expect(safe: Safe, units: Sequence[Unit]) -> None:
    """
    The end-to-end test shows what was just ended from now on, and wants a no.

    What was ended is found by its versions, so a run that died in between loses none.
    """
    ended: dict[str, str] = {}
    for course in safe.open(units):
        ended |= course.refused(safe.before(course))
    if ended:
        _remember(safe.vault, ended)


def _remember(vault: Vault, ended: Mapping[str, str], again: Collection[str] = ()) -> None:
    """What must be refused, without that which is valid again."""
    held = vault.read([RETIRED])
    old: dict[str, str] = json.loads(held[RETIRED].value) if RETIRED in held else {}
    new = {name: value for name, value in {**old, **ended}.items() if name not in again}
    if new != old:
        text = json.dumps(new, separators=(",", ":"), sort_keys=True)
        vault.write(RETIRED, text, {MADE_BY: US}, None)


@step("mark-secrets-in-use")
def settle(safe: Safe, units: Sequence[Unit]) -> tuple[Standing, ...]:
    """Put on record that the cluster was seen to use what the vault holds; returns what is new."""
    new: list[Unit] = []
    for course in safe.open(units):
        safe.put(course.marks(datetime.now(UTC)), course.held)
        if course.arriving:
            new.append(course.unit)
    return tuple(course.standing for course in safe.open(new))


@step("present-old-secrets")
def go_back(safe: Safe, units: Sequence[Unit]) -> tuple[str, ...]:
    """Present the old values again where the new ones were not seen to work."""
    done = []
    for course in safe.open(units):
        if not course.undoable:
            continue
        before = safe.before(course)
        if writes := course.back(before, datetime.now(UTC)):
            _remember(safe.vault, {}, course.refused(before))
            safe.put(writes, course.held)
            done.append(course.unit.name)
    if done:
        told = ", ".join(done)
        wait.logger().warning("The old values are presented again: %s.", told)
        wait.changed(f"**Key Vault**, back: the old values are presented again: {told}")
    return tuple(done)


@step("wait-for-overlap")
def overlap(until: datetime) -> None:
    """Old and new work side by side until then."""
    left = (until - datetime.now(UTC)).total_seconds()
    if left > 0:
        raise NotReadyError(
            f"Old and new values work side by side until {until:%H:%M:%S} UTC.",
            "Those who hold or know the old ones take up the new ones.",
            retry_after=left,
        )
