"""The running sandbox: its clock, and starting over."""

import asyncio
import ssl
from pathlib import Path

import httpx
import pytest

from sandbox import arm
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


def test_a_connection_from_before_a_reset_does_not_reach_the_cloud_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retired = asyncio.Event()
    stop, address = Cloud.stop, f"https://{arm.HOST}/subscriptions/{arm.SUBSCRIPTION}"

    async def slow_stop(cloud: Cloud) -> None:
        retired.set()
        await asyncio.sleep(0.3)  # Long enough for a request to come in between.
        await stop(cloud)

    monkeypatch.setattr(Cloud, "stop", slow_stop)

    async def scenario() -> tuple[int, int, int]:
        running = server(tmp_path)
        there = await running.start(0)
        trust = ssl.create_default_context(cafile=running.authority.certificate)
        async with httpx.AsyncClient(proxy=there.proxy, verify=trust, trust_env=False) as client:

            async def ask(verb: str) -> int:
                caller = running.cloud.deployer
                token = running.cloud.tokens.issue(caller, f"https://{arm.HOST}")
                answer = await client.request(
                    verb,
                    f"{address}/resourceGroups/lab?api-version=2024-11-01",
                    json={"location": "westeurope"} if verb == "PUT" else None,
                    headers={"Authorization": f"Bearer {token}"},
                )
                return answer.status_code

            before = await ask("PUT")
            resetting = asyncio.create_task(running.reset())
            await retired.wait()
            meanwhile = await ask("PUT")
            await resetting
            after = await ask("GET")
        await running.stop()
        return before, meanwhile, after

    assert asyncio.run(scenario()) == (201, 201, 200)


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
