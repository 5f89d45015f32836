"""What the cloud remembers, and how it goes on when a part of it fails."""

import json
from typing import Any

import pytest

from sandbox.arm import SUBSCRIPTION, ResourceId
from sandbox.latency import Latency
from sandbox.store import KEPT, Failure, Resource, Store
from tests.sandbox.conftest import Clock

KIND = "Microsoft.Test/things"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"


def dump(store: Store) -> Any:
    """All that a store tells, as it comes back after a restart."""
    return json.loads(json.dumps({part.name: part.dump() for part in store.parts()}))


def thing(name: str) -> ResourceId:
    return ResourceId(f"{GROUP}/providers/{KIND}/{name}")


def test_a_listener_that_raises_fails_its_resource_and_not_the_clock(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    store = Store(clock=clock)

    def stumble(resource: Resource) -> None:
        if resource.name == "bad":
            raise LookupError("no such thing")

    store.listen("ready", KIND, stumble)
    bad, operation = store.put(thing("bad"), {}, seconds=1)
    good, _ = store.put(thing("good"), {}, seconds=2)
    clock.time += 5

    left = store.settle()

    assert (bad.state, good.state, left) == ("Failed", "Succeeded", None)
    assert operation.failure is not None
    assert "no such thing" in operation.failure.message
    assert "no such thing" in caplog.text


# --- All or nothing -------------------------------------------------------------------------------


def test_a_refused_change_leaves_no_trace() -> None:
    clock = Clock()
    store = Store(Latency("typical"), clock=clock)
    told: list[str] = []
    for event in ("created", "ready", "deleted"):
        store.listen(event, KIND, lambda one: told.append(one.name))
    known, _ = store.put(thing("known"), {"tags": {"a": ["b"]}}, secrets={"key": "old"})
    doomed, _ = store.put(thing("doomed"), {})
    store.put(thing("doomed").child("parts", "one"), {})
    before, counted = dump(store), dict(store.latency.uses)
    told.clear()

    def refused() -> None:
        store.get(known.id).body["tags"]["a"].append("in place")
        store.put(known.id, {"changed": True}, seconds=5, secrets={"key": "new"})
        store.put(thing("new"), {"points": {"id": str(doomed.id)}})
        store.delete(doomed.id)
        store.introduce("somebody")
        raise LookupError

    with pytest.raises(LookupError), store.attempt():
        refused()

    assert dump(store) == before
    assert store.latency.uses == counted
    assert told == []
    assert store.settle() is None
    assert store.pointing_at(doomed.id) == []


def test_listeners_hear_of_a_change_when_all_of_it_has_happened() -> None:
    store = Store()
    told: list[tuple[str, bool]] = []
    store.listen("created", KIND, lambda one: told.append((one.name, "late" in one.body)))

    with store.attempt():
        kept, _ = store.put(thing("new"), {})
        assert told == []
        kept.body["late"] = True

    assert told == [("new", True)]


def test_time_stands_still_in_an_attempt() -> None:
    clock = Clock()
    store = Store(clock=clock)
    kept, _ = store.put(thing("slow"), {}, seconds=1)

    with store.attempt():
        clock.time += 5
        assert store.get(kept.id).state == "Creating"

    assert store.get(kept.id).state == "Succeeded"


# --- Finding --------------------------------------------------------------------------------------


def test_what_points_at_a_resource_is_found_by_any_letter_case_until_it_does_no_more() -> None:
    store = Store()
    user, _ = store.put(thing("user"), {"properties": {"uses": [{"id": str(thing("Used"))}]}})

    assert store.pointing_at(thing("uSED")) == [user]

    with store.attempt():
        store.get(user.id).body["properties"]["uses"].clear()
    assert store.pointing_at(thing("used")) == []


def test_what_lies_below_is_found_by_place_and_kind_in_the_order_of_creation() -> None:
    store = Store()
    store.put(ResourceId(GROUP), {})
    names = [f"{number}" for number in range(5, 0, -1)]
    for name in names:
        store.put(thing(name), {})
        store.put(thing(name).child("parts", "one"), {})
    store.put(ResourceId(f"{GROUP}2"), {})

    assert [one.name for one in store.below(GROUP, KIND.upper())] == names
    assert [one.name for one in store.below(thing("3"))] == ["one"]
    assert len(store.below(GROUP)) == 10
    assert len(store.below("")) == 12

    store.delete(GROUP)
    assert [one.id.path for one in store.below("")] == [f"{GROUP}2"]


def test_ended_operations_are_forgotten_but_never_one_that_somebody_may_wait_for() -> None:
    clock = Clock()
    store = Store(clock=clock)
    slow, operation = store.put(thing("slow"), {}, seconds=1000)
    for number in range(2 * KEPT):
        store.put(thing("quick"), {"number": number})
        clock.time += 0.001

    assert len(store.operations) <= KEPT
    assert store.operations[slow.operation] is operation


# --- Restarts -------------------------------------------------------------------------------------


def again(store: Store, clock: Clock) -> Store:
    """The same cloud after a restart."""
    fresh = Store(store.latency, clock=clock)
    kept = dump(store)
    for part in fresh.parts():
        part.load(kept[part.name])
    return fresh


def test_what_was_due_while_nobody_ran_happens_at_the_next_start() -> None:
    clock = Clock()
    store = Store(clock=clock)
    store.put(thing("soon"), {}, seconds=10)
    store.put(thing("later"), {}, seconds=100)
    store.put(thing("broken"), {}, seconds=10, failure=Failure("Code", "why"))
    store.put(thing("going"), {})
    store.delete(thing("going"), 10)
    told: list[str] = []

    fresh = again(store, clock)
    fresh.listen("ready", KIND, lambda one: told.append(one.name))
    clock.time += 50
    assert fresh.settle() == 0  # Not before everything else is loaded.
    fresh.wake()

    states = {one.name: one.state for one in fresh.all(KIND)}
    assert states == {"soon": "Succeeded", "later": "Creating", "broken": "Failed"}
    assert told == ["soon", "broken"]
    assert fresh.operations.keys() == store.operations.keys()
    clock.time += 50
    assert fresh.get(thing("later")).state == "Succeeded"


def test_a_dump_says_the_same_after_a_restart() -> None:
    clock = Clock()
    store = Store(Latency("typical"), clock=clock)
    store.introduce("somebody")
    store.put(thing("one"), {"a": [1, None, "ü"]}, seconds=3, secrets={"keys": {"a": "b"}})

    assert dump(again(store, clock)) == dump(store)


def recent(store: Store) -> dict[str, Any] | None:
    """What is looked at again among the resources."""
    return next(part for part in store.parts() if part.name == "resources").recent()


def test_only_what_may_have_changed_is_looked_at_again() -> None:
    clock = Clock()
    store = Store(clock=clock)
    for name in ("read", "written", "shown", "ready", "deleted", "other"):
        store.put(thing(name), {}, seconds=5 if name == "ready" else 0)
    assert recent(store) is None  # Nobody has seen anything yet.
    dump(store)

    store.get(thing("read"))
    assert recent(store) == {}

    store.put(thing("written"), {"new": True})
    with store.watching():
        store.get(thing("shown")).body["in place"] = True
    with store.attempt():
        store.get(thing("other"))
    store.delete(thing("deleted"))
    clock.time += 5
    store.settle()

    found = recent(store)
    assert found is not None
    names = {key.rpartition("/")[2]: one for key, one in found.items()}
    assert names.keys() == {"written", "shown", "ready", "deleted", "other"}
    assert names["deleted"] is None
    assert names["shown"]["body"] == {"in place": True}
    assert recent(store) == {}

    store.touch()
    assert recent(store) is None
