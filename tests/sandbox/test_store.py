"""What the cloud remembers, and how it goes on when a part of it fails."""

import pytest

from sandbox.arm import SUBSCRIPTION, ResourceId
from sandbox.store import Resource, Store
from tests.sandbox.conftest import Clock

KIND = "Microsoft.Test/things"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"


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
