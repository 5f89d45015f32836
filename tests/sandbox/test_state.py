"""The state directory: what a sandbox may touch in it, and what it never does."""

import json
import os
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from sandbox.state import Running, SandboxError, State


@pytest.fixture
def state(tmp_path: Path) -> State:
    made = State(tmp_path / "state")
    made.prepare()
    made.identity()
    return made


def contents(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


@pytest.mark.parametrize("act", ["prepare", "clear"])
def test_the_folder_of_somebody_else_is_left_as_it_is(tmp_path: Path, act: str) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / ".gitignore").write_text("dist\n")
    (tmp_path / ".env").touch()
    (tmp_path / "clusters").mkdir()

    with pytest.raises(SandboxError, match="is not the state directory of a sandbox"):
        getattr(State(tmp_path), act)()

    assert contents(tmp_path) == {".gitignore", ".env", "clusters"}
    assert (tmp_path / ".gitignore").read_text() == "dist\n"
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_clearing_removes_only_what_a_sandbox_leaves(state: State) -> None:
    (state.folder / "clusters" / "lab").mkdir(parents=True)
    state.log.touch()
    (state.folder / "notes.txt").touch()
    kept = contents(state.folder) - {"clusters", "sandbox.log"}

    state.clear()

    assert contents(state.folder) == kept
    assert {"identity.json", "signing.key", "notes.txt", ".gitignore"} <= kept


def test_a_gitignore_that_is_there_stays_as_it_is(state: State) -> None:
    (state.folder / ".gitignore").write_text("ours\n")

    state.prepare()

    assert (state.folder / ".gitignore").read_text() == "ours\n"


def test_a_folder_from_before_the_marker_is_still_a_state_directory(state: State) -> None:
    (state.folder / ".sandbox-state").unlink()

    state.prepare()

    assert (state.folder / ".sandbox-state").is_file()


def test_nothing_is_cleared_below_a_sandbox_that_is_slow_to_answer(state: State) -> None:
    silent = Running(os.getpid(), 1, "instant", 1.0, "token")
    (state.folder / "running.json").write_text(json.dumps(asdict(silent)))
    state.log.touch()

    with state.hold(), pytest.raises(SandboxError, match="runs and does not answer"):
        state.clear()

    assert state.log.exists()


def test_one_process_holds_a_state_directory_and_the_next_one_after_it(state: State) -> None:
    with state.hold(), pytest.raises(SandboxError, match="about to start or to stop"):
        state.demand_free()

    state.demand_free()


def test_clearing_forgets_what_was_built(state: State) -> None:
    (state.folder / "snapshot.db").touch()

    state.clear()

    assert not (state.folder / "snapshot.db").exists()
