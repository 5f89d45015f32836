"""Which of several faults a command dies of."""

import asyncio
from typing import Any

import pytest
import yaml

from sandbox.weather import EvictedError, Weather
from sandbox.weather.faults import Fault

ONCE = '{id: first, calls: 1, then: {evict: {reason: Evicted, once: {path: "*/secrets"}}}}'
AGAIN = '{id: later, calls: 1, then: {evict: {reason: OOMKilled, once: {path: "*/secrets"}}}}'
AT_ONCE = "{id: later, calls: 1, then: {evict: {reason: OOMKilled, after: 0}}}"


async def command(weather: Weather, *paths: str) -> str:
    """How a command ends that asks for these paths, one after the other."""
    killed = asyncio.Event()

    async def work() -> int:
        await asyncio.wait_for(killed.wait(), 1)
        return 137

    async def ask() -> None:
        await asyncio.sleep(0)
        for path in paths:
            await weather.evictions.asked("POST", path, "aks")
        if not killed.is_set():
            await asyncio.sleep(0.05)
            killed.set()

    asking = asyncio.create_task(ask())
    seen: Any = {"path": "/clusters/aks", "command": "helm upgrade"}
    try:
        await weather.evictions.outlast(work(), killed.set, seen, "aks")
    except EvictedError as error:
        return str(error)
    finally:
        await asking
    return "survived"


def ends(faults: tuple[str, ...], times: int) -> list[str]:
    weather = Weather()
    weather.add(Fault.model_validate(yaml.safe_load(fault)) for fault in faults)

    async def run() -> list[str]:
        return [await command(weather, "/api/v1/secrets") for _ in range(times)]

    return asyncio.run(run())


@pytest.mark.parametrize("later", [AGAIN, AT_ONCE])
def test_a_fault_that_has_had_its_calls_leaves_the_next_command_to_a_later_one(later: str) -> None:
    assert ends((ONCE, later), 3) == ["Evicted", "OOMKilled", "survived"]


def test_of_two_faults_at_the_same_request_the_earlier_one_strikes() -> None:
    assert ends((ONCE, AGAIN), 1) == ["Evicted"]
