"""Azurite as a process: it comes when it is asked for, and goes with the sandbox."""

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engines.azurite import Azurite, MissingError
from sandbox.files import short_folder
from tests.sandbox.blob.conftest import PATIENCE, Lab, exported, sandbox


def alive(pid: int) -> bool:
    """Does the process run; one that waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def server_of(state: Path) -> int:
    """The process of the sandbox itself, by its last record."""
    record = state / "running.json"
    return int(json.loads(record.read_text())["pid"]) if record.exists() else 0


def engine_of(state: Path) -> int:
    """The process of Azurite that serves a state directory."""
    mark = str(state / "blobs").encode()
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = found.read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in words:
            return int(found.parent.name)
    return 0


def test_nothing_runs_before_it_is_needed_and_what_is_killed_comes_again(tmp_path: Path) -> None:
    async def run() -> None:
        engine = Azurite(tmp_path / "blobs")
        assert engine.pid is None
        await engine.client()
        first = engine.pid
        assert first
        os.kill(first, signal.SIGKILL)
        while engine.pid is not None:  # noqa: ASYNC110  # It has no event for this.
            await asyncio.sleep(0.02)
        await engine.client()
        second = engine.pid
        assert second
        await engine.stop()
        until(lambda: not alive(second))

    asyncio.run(run())


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    async def run() -> None:
        engine = Azurite(tmp_path / ("long" * 20) / ("path" * 20))
        client = await engine.client()
        assert (await client.get("http://lab.blob.core.windows.net/")).status_code
        await engine.stop()

    asyncio.run(run())


def test_without_azurite_the_answer_says_how_to_install_it(tmp_path: Path) -> None:
    engine = Azurite(tmp_path / "blobs", tmp_path / "nothing")

    with pytest.raises(MissingError, match=r"scripts/engines\.sh azurite"):
        asyncio.run(engine.client())


def test_blobs_outlive_a_restart_and_azurite_does_not_outlive_a_killed_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "sandbox"

    def up() -> Lab:
        printed = sandbox("up", state, "--port", "0", "--profile", "instant")
        lab = Lab(state, exported(printed))
        for name, value in lab.environment.items():
            monkeypatch.setenv(name, value)
        return lab

    lab = up()
    try:
        lab.arm("PUT", lab.group, {"location": "westeurope"})
        account = lab.new_account()
        account.client().create_container("kept").upload_blob("x", b"still here")
        engine = engine_of(state)
        assert alive(engine)
        sandbox("down", state)
        until(lambda: not alive(engine))

        up()
        client = account.client()
        found = client.get_blob_client("kept", "x").download_blob().readall()
        engine = engine_of(state)
        assert alive(engine)
        os.kill(server_of(state), signal.SIGKILL)
        until(lambda: not alive(engine))
    finally:
        if alive(server_of(state)):
            sandbox("down", state)

    assert found == b"still here"


def test_a_folder_for_the_socket_that_others_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    engine = Azurite(tmp_path / ("long" * 30))
    foreign = short_folder(engine.folder)
    foreign.mkdir()
    foreign.chmod(0o755)

    with pytest.raises(MissingError, match="is not a folder that only this user enters"):
        asyncio.run(engine.client())
