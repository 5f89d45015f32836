"""The file that a sandbox goes on from."""

import asyncio
import contextlib
import json
import logging
import sqlite3
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.snapshot import FILE, Part, Snapshot, SnapshotError


class Keeper:
    """Something that remembers."""

    def __init__(self, **members: Any) -> None:
        self.members: dict[str, Any] = members

    def dump(self) -> dict[str, Any]:
        return dict(self.members)

    def load(self, members: dict[str, Any]) -> None:
        self.members = members

    def part(self, name: str = "keeper", **more: Any) -> Part:
        return Part(name, self.dump, self.load, **more)


def save(folder: Path, *parts: Part, change: Callable[[], None] = lambda: None) -> None:
    """Keep parts, change something, and keep them again."""

    async def twice() -> None:
        snapshot = Snapshot(folder, lambda: parts)
        await snapshot.save()
        change()
        await snapshot.close()

    asyncio.run(twice())


def load(folder: Path, *parts: Part) -> bool:
    snapshot = Snapshot(folder, lambda: parts)
    return snapshot.load()


def rows(folder: Path) -> dict[tuple[str, str], Any]:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as connection:
        found = connection.execute("SELECT part, member, value FROM kept ORDER BY rowid")
        return {(part, member): value for part, member, value in found}


def alter(folder: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(folder / FILE)) as connection, connection:
        connection.execute(statement)


def test_an_empty_folder_is_nothing_to_go_on_from(tmp_path: Path) -> None:
    keeper = Keeper(own=1)

    assert load(tmp_path, keeper.part()) is False
    assert keeper.members == {"own": 1}


def test_values_come_back_as_they_were_and_in_their_order(tmp_path: Path) -> None:
    members = {"b": {"deep": [1, 2.5, None, True, "ü"]}, "a": "text", "c": b"\x00\xff"}
    fresh = Keeper()

    save(tmp_path, Keeper(**members).part())

    assert load(tmp_path, fresh.part()) is True
    assert list(fresh.members.items()) == list(members.items())


def test_only_the_difference_is_written(tmp_path: Path) -> None:
    keeper = Keeper(same=[1], changed=[1], gone=[1])

    def change() -> None:
        alter(tmp_path, "UPDATE kept SET value = 'untouched' WHERE member = 'same'")
        keeper.members["changed"].append(2)
        del keeper.members["gone"]
        keeper.members["new"] = [3]

    save(tmp_path, keeper.part(), change=change)

    assert rows(tmp_path) == {
        ("keeper", "same"): "untouched",
        ("keeper", "changed"): "[1,2]",
        ("keeper", "new"): "[3]",
    }


def test_a_version_that_stays_spares_a_look_and_frozen_values_a_comparison(tmp_path: Path) -> None:
    versioned, frozen = Keeper(one=[1]), Keeper(one=[1], two=[1])

    def change() -> None:
        versioned.members["one"].append(2)
        frozen.members["one"].append(2)  # Against its promise.
        frozen.members["two"] = [2]

    parts = (versioned.part("versioned", version=lambda: 7), frozen.part("frozen", frozen=True))
    save(tmp_path, *parts, change=change)

    assert rows(tmp_path) == {
        ("versioned", "one"): "[1]",
        ("frozen", "one"): "[1]",
        ("frozen", "two"): "[2]",
    }


def test_what_becomes_of_a_value_while_it_is_written_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, write = Keeper(one=[1]), Snapshot._write

    def late(snapshot: Snapshot, differences: Any) -> None:
        keeper.members["one"].append(2)
        write(snapshot, differences)

    async def once() -> None:
        monkeypatch.setattr(Snapshot, "_write", late)
        await Snapshot(tmp_path, lambda: [keeper.part()]).save()

    asyncio.run(once())

    assert rows(tmp_path) == {("keeper", "one"): "[1]"}


def test_parts_that_others_bring_are_loaded_after_them(tmp_path: Path) -> None:
    inner, fleet = Keeper(), Keeper()
    save(tmp_path, Keeper(cluster=1).part("fleet"), Keeper(object=2).part("cluster"))

    def parts() -> list[Part]:
        return [fleet.part("fleet"), *([inner.part("cluster")] if fleet.members else [])]

    Snapshot(tmp_path, parts).load()

    assert inner.members == {"object": 2}


def test_a_part_that_is_no_more_leaves_nothing_behind(tmp_path: Path) -> None:
    keeper = Keeper(one=1)
    parts = [keeper.part("stays"), keeper.part("goes")]

    async def shrinking() -> None:
        snapshot = Snapshot(tmp_path, lambda: parts)
        await snapshot.save()
        parts.pop()
        await snapshot.close()

    asyncio.run(shrinking())

    assert rows(tmp_path) == {("stays", "one"): "1"}


def test_a_part_that_cannot_tell_costs_no_other_and_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Part("broken", lambda: {"one": object()}, lambda _members: None)

    with caplog.at_level(logging.ERROR):
        save(tmp_path, broken, Keeper(one=1).part())

    assert rows(tmp_path) == {("keeper", "one"): "1"}
    assert caplog.text.count("a restart would not know broken") == 1


def test_what_could_not_be_written_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, write = Keeper(one=1, gone=1), Snapshot._write

    def full(_snapshot: Snapshot, _differences: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    async def thrice() -> None:
        snapshot = Snapshot(tmp_path, lambda: [keeper.part(version=lambda: 1)])
        await snapshot.save()
        snapshot._memories["keeper"].version = None
        keeper.members = {"one": 2}
        monkeypatch.setattr(Snapshot, "_write", full)
        await snapshot.save()
        monkeypatch.setattr(Snapshot, "_write", write)
        await snapshot.close()

    asyncio.run(thrice())

    assert rows(tmp_path) == {("keeper", "one"): "2"}


def test_a_look_that_fails_forgets_nothing_of_what_was_recent(tmp_path: Path) -> None:
    keeper, told = Keeper(good=1, odd=1), [{"good": 2, "odd": object()}]

    def recent() -> dict[str, Any]:
        return told.pop() if told else {}

    async def thrice() -> None:
        version = iter(range(9))
        part = keeper.part(version=lambda: next(version), recent=recent)
        snapshot = Snapshot(tmp_path, lambda: [part])
        await snapshot.save()
        keeper.members = {"good": 2, "odd": object()}
        await snapshot.save()
        keeper.members["odd"] = 2
        await snapshot.close()

    asyncio.run(thrice())

    assert rows(tmp_path) == {("keeper", "good"): "2", ("keeper", "odd"): "2"}


def test_what_was_seen_first_is_written_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, write, started = Keeper(one=1), Snapshot._write, threading.Event()

    def slow_once(snapshot: Snapshot, differences: Any) -> None:
        if not started.is_set():
            started.set()
            time.sleep(0.3)
        write(snapshot, differences)

    async def both() -> None:
        snapshot = Snapshot(tmp_path, lambda: [keeper.part()])
        first = asyncio.create_task(snapshot.save())
        await asyncio.to_thread(started.wait, 10)
        keeper.members = {"one": 2}
        await asyncio.gather(first, snapshot.save())
        await snapshot.close()

    monkeypatch.setattr(Snapshot, "_write", slow_once)
    asyncio.run(both())

    assert rows(tmp_path) == {("keeper", "one"): "2"}


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    modes: set[int] = set()

    def look() -> None:  # While it is open, so that all files are there.
        modes.update(stat.S_IMODE(one.stat().st_mode) for one in tmp_path.glob(f"{FILE}*"))

    save(tmp_path, Keeper(one=1).part(), change=look)

    assert modes == {0o600}


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("PRAGMA user_version = 99", "is of format 99, and this sandbox reads format 1"),
        ("PRAGMA application_id = 7", "was not written by a sandbox"),
        ("UPDATE kept SET value = '{'", "is damaged"),
        ("DROP TABLE kept", "is damaged"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, statement: str, sentence: str) -> None:
    save(tmp_path, Keeper(one=1).part())
    alter(tmp_path, statement)

    with pytest.raises(SnapshotError, match=sentence):
        load(tmp_path, Keeper().part())


@pytest.mark.parametrize("left", [0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, left: float) -> None:
    members = {f"member {number}": "x" * 100 for number in range(500)}
    save(tmp_path, Keeper(**members).part())
    content = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(content[: int(len(content) * left)])

    with pytest.raises(SnapshotError, match="is damaged"):
        load(tmp_path, Keeper().part())


def test_a_part_that_does_not_fit_is_named(tmp_path: Path) -> None:
    save(tmp_path, Keeper(one=json.dumps(1)).part("strict"))

    def load_strictly(members: dict[str, Any]) -> None:
        raise KeyError(*members)

    with pytest.raises(SnapshotError, match="its part 'strict' does not fit"):
        load(tmp_path, Part("strict", dict, load_strictly))
