"""Killed between any two writes, and whatever happens by itself: nobody is refused meanwhile."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tasks import rotation
from tasks.rotation import Standing
from tests.unit.rotation_world import Killed, ProbeError, World

LONG = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
SEASON, YEAR = 91, 366  # Days after which everything, or everything and the API keys, is due.

# One attempt: days before it, changes until the worker dies, whether the probe fails.
ATTEMPT = st.tuples(
    st.sampled_from([0, 0, 1, 8, SEASON]),
    st.one_of(st.none(), st.integers(0, 60), st.integers(0, 250)),
    st.booleans(),
)


def attempt(world: World, fuse: int | None, *, broken: bool, only: tuple[str, ...] = ()) -> None:
    """One run that ends as it may; `World.check` judges every moment of it."""
    world.fuse.left, world.broken = fuse, broken
    with suppress(Killed, ProbeError):
        world.rotate(*only)
    world.fuse.left, world.broken = None, False


def finish(world: World) -> None:
    """Undisturbed runs: after the first one old values still end, and what was late is due."""
    for _ in range(4):
        world.rotate()
        world.days(8)


@LONG
@given(st.integers(0, 10_000), st.lists(ATTEMPT, min_size=1, max_size=6))
def test_from_any_state_it_finishes_and_everybody_is_accepted_all_the_while(
    seed: int, attempts: list[tuple[int, int | None, bool]]
) -> None:
    world = World(seed)
    world.days(YEAR)

    for days, fuse, broken in attempts:
        world.days(days)
        attempt(world, fuse, broken=broken)
    finish(world)

    assert world.at_rest
    assert world.vault.value("pg-auth-accepted").count(",") == 0


@LONG
@given(st.integers(0, 10_000), st.lists(ATTEMPT, min_size=2, max_size=8))
def test_each_secret_is_replaced_once_for_each_due_date(
    seed: int, attempts: list[tuple[int, int | None, bool]]
) -> None:
    world = World(seed)

    for days, fuse, broken in attempts:
        world.days(days)
        attempt(world, fuse, broken=broken)

    periods = {one.unit.name: one.unit.days or 0 for one in surveyed(world) if one.unit.by_age}
    for name, period in periods.items():
        known = (world.vault.first.get((name, str(number))) for number in range(1, 12))
        begins = [day for day in known if day is not None]
        assert all(later - day >= period for day, later in pairwise(begins))


@pytest.mark.parametrize("fuse", [*range(0, 60, 3), *range(60, 260, 20)])
def test_a_run_killed_after_any_number_of_changes_is_finished_by_the_next(fuse: int) -> None:
    world = World(fuse)
    world.days(YEAR)

    attempt(world, fuse, broken=False)
    finish(world)

    generations = {one.unit.name: one.generation for one in surveyed(world) if one.unit.by_age}
    assert set(generations.values()) == {2}
    assert world.at_rest


@pytest.mark.parametrize("fuse", range(0, 90, 11))
def test_keys_that_go_together_do_so_after_a_run_that_died_between_them(fuse: int) -> None:
    world = World(fuse)
    before = [world.vault.value(f"s3-protocol-access-key-{part}") for part in ("id", "secret")]

    attempt(world, fuse, broken=False, only=("s3-protocol",))
    finish(world)

    after = [world.vault.value(f"s3-protocol-access-key-{part}") for part in ("id", "secret")]
    changed = [old != new for old, new in zip(before, after, strict=True)]
    assert changed in ([True, True], [False, False])
    assert world.at_rest


@pytest.mark.parametrize("fuse", range(0, 120, 13))
def test_a_key_that_somebody_asked_for_gets_there_after_a_run_that_died(fuse: int) -> None:
    world = World(fuse)

    attempt(world, fuse, broken=False, only=("publishable-key",))
    finish(world)

    assert world.at_rest
    assert world.vault.value("publishable-key-accepted") == world.vault.value("publishable-key")


def surveyed(world: World) -> tuple[Standing, ...]:
    return rotation.survey.fn(world.safe, world.units)
