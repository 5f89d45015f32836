"""The running sandbox: its clock, and starting over."""

import asyncio
from pathlib import Path

import pytest

from sandbox.app import Cloud
from sandbox.latency import Latency
from sandbox.server import Server, mourn
from sandbox.state import State


def server(folder: Path) -> Server:
    state = State(folder / "state")
    state.prepare()
    return Server(state, Latency())


def test_two_resets_run_one_after_the_other_and_leave_one_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, stopping, most = 0, 0, 0

    async def live(_cloud: Cloud) -> None:
        nonlocal alive
        alive += 1
        try:
            await asyncio.Event().wait()
        finally:
            alive -= 1

    async def stop(_cloud: Cloud) -> None:
        nonlocal stopping, most
        stopping += 1
        most = max(most, stopping)
        await asyncio.sleep(0.01)
        stopping -= 1

    monkeypatch.setattr(Cloud, "live", live)
    monkeypatch.setattr(Cloud, "stop", stop)

    async def twice() -> int:
        running = server(tmp_path)
        await running.start(0)
        await asyncio.gather(running.reset(), running.reset())
        await asyncio.sleep(0.01)
        found = alive
        await running.stop()
        return found

    clocks = asyncio.run(twice())

    assert (most, clocks, alive) == (1, 1, 0)


def test_a_clock_that_stops_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise LookupError("of the clock")

    async def watched() -> None:
        life = asyncio.create_task(broken())
        life.add_done_callback(mourn)
        await asyncio.wait([life])
        await asyncio.sleep(0)

    asyncio.run(watched())

    assert "the clock of the sandbox has stopped" in caplog.text
    assert "of the clock" in caplog.text
