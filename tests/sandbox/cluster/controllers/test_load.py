"""A load on a platform: what it counts while something changes, and while something is wrong."""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.load import Entrance, Load, Tally, run
from tests.sandbox.cluster.controllers import estate
from tests.sandbox.cluster.controllers.estate import OTHER_SECRET, Keys, unready

GATEWAY = "http://supabase-gateway.supabase.svc.cluster.local:8000"
DEPLOYMENTS = "/apis/apps/v1/namespaces/supabase/deployments"
SECRETS = "/api/v1/namespaces/supabase/secrets"
KEYS = Keys()
SERVICES = ("gateway", "auth", "rest", "storage", "meta", "functions")


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    live = start_live(tmp_path_factory.mktemp("load"))
    estate.release(live, KEYS)
    return live


@pytest.fixture
def platform(released: Any) -> Iterator[Any]:
    """All are let in again afterwards, with the keys of the beginning."""
    yield released
    released.passwords.clear()
    give(released, KEYS, *SERVICES)
    restart(released, *SERVICES)


def give(live: Any, keys: Keys, *services: str) -> None:
    for name in services:
        data = estate.encoded(estate.secrets(keys)[f"supabase-{name}"])
        live.patch(f"{SECRETS}/supabase-{name}", {"data": data})


def restart(live: Any, *services: str) -> None:
    for name in services:
        mark = {"metadata": {"annotations": {"restarted": str(time.time())}}}
        live.patch(f"{DEPLOYMENTS}/supabase-{name}", {"spec": {"template": mark}})
    live.until(lambda: not unready(live), 60)


def under_load(live: Any, change: Callable[[], None], rate: float = 20) -> Tally:
    """Ask until a change is through, and a moment longer."""
    keys = estate.secrets(KEYS)["supabase-test"]
    trust = ssl.create_default_context()
    entrance = Entrance(GATEWAY, live.settings.proxy, trust, keys, lambda: keys)

    async def asking() -> Tally:
        stop, ready = asyncio.Event(), asyncio.Event()

        async def meanwhile() -> None:
            await ready.wait()
            await asyncio.to_thread(change)
            await asyncio.sleep(1)
            stop.set()

        changing = asyncio.create_task(meanwhile())
        load = Load(rate, clients=2, seconds=60, renew_after=0.5)
        tally = await run(load, entrance, stop, lambda _tally: ready.set())
        await changing
        return tally

    return asyncio.run(asking())


def test_pods_are_replaced_without_a_failed_request_or_a_rejected_session(platform: Any) -> None:
    tally = under_load(platform, lambda: restart(platform, *SERVICES))

    assert list(tally.examples) == []
    assert (tally.failures, tally.rejected) == (0, 0)
    assert tally.refreshes > 0
    assert {"rest.session", "realtime", "realtime.kept", "storage.download"} <= set(tally.routes)


def test_a_websocket_that_is_cut_off_comes_back_and_fails_nothing(platform: Any) -> None:
    tally = under_load(platform, lambda: restart(platform, "realtime"))

    assert list(tally.examples) == []
    assert tally.reconnects >= 2  # One of each client.


def test_another_key_in_the_tenant_of_realtime_cuts_its_websockets_off(platform: Any) -> None:
    job = "/apis/batch/v1/namespaces/supabase/jobs/supabase-realtime-tenant"
    both = [*json.loads(KEYS.jwks)["keys"], *json.loads(Keys(OTHER_SECRET).jwks)["keys"]]
    data = estate.encoded({"jwt-jwks": json.dumps({"keys": both})})

    def change() -> None:
        platform.patch(f"{SECRETS}/supabase-realtime", {"data": data})
        platform.http.delete(job, params={"propagationPolicy": "Background"})
        platform.until(lambda: platform.http.get(job).is_error)
        estate.tell_realtime(platform)

    tally = under_load(platform, change)

    assert list(tally.examples) == []
    assert tally.reconnects >= 2


def test_a_login_that_is_refused_too_early_is_counted_by_route_and_status(platform: Any) -> None:
    user = estate.secrets(KEYS)["supabase-rest"]["pg-rest-username"]

    def retire() -> None:
        platform.passwords[user] = "the next one"
        time.sleep(3)

    tally = under_load(platform, retire)

    assert tally.failures > 0
    assert set(tally.routes["rest.session"].failed) <= {"503"}
    assert tally.routes["auth.user"].failed.total() == 0
    assert tally.show()["failures"] == tally.failures


def test_keys_that_are_exchanged_at_once_reject_valid_sessions(platform: Any) -> None:
    other = Keys(OTHER_SECRET)

    def exchange() -> None:
        give(platform, other, "auth")
        restart(platform, "auth")

    tally = under_load(platform, exchange)

    assert tally.rejected > 0
    assert tally.failures >= tally.rejected
