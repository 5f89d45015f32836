"""A next version in a running platform: tried, promoted, or taken back."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.cluster.controllers import estate

Manifest = dict[str, Any]
KEYS = estate.Keys()
GATEWAY = "http://supabase-gateway.supabase.svc.cluster.local:8000"
DEPLOYMENTS = "/apis/apps/v1/namespaces/supabase/deployments"
PRESENT, NEXT = "v14.17", "v14.18"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    live = start_live(tmp_path_factory.mktemp("platform"))
    estate.release(live, KEYS)
    return live


def trial() -> list[Manifest]:
    """What the chart adds and changes while next versions of rest and auth are tried."""
    text = (estate.GOLDEN / "option-next.yaml").read_text()
    return [item for item in yaml.safe_load_all(text) if item and not estate.hooked(item)]


def without(kind: str) -> Callable[[Manifest], bool]:
    return lambda item: item["kind"] != kind


def bring(live: Any, items: Iterable[Manifest]) -> None:
    """Create what is not there, and bring the rest to what is wanted."""
    for item in items:
        path = f"{live.path(item)}/{item['metadata']['name']}"
        if live.http.get(path).status_code == 404:
            live.create(item)
        else:
            answer = live.http.put(path, json=item)
            assert answer.status_code == 200, answer.text


def restart(live: Any) -> None:
    """The checksum of the gateway's configuration does this in a release."""
    mark = {"checksum/config": str(live.get(DEPLOYMENTS)["metadata"]["resourceVersion"])}
    path = f"{DEPLOYMENTS}/supabase-gateway"
    live.patch(path, {"spec": {"template": {"metadata": {"annotations": mark}}}})
    live.until(lambda: not estate.unready(live), 60)


def versions(live: Any, times: int) -> Counter[str]:
    """Which version of PostgREST answers how often."""
    headers = {"apikey": KEYS.legacy("service_role")}
    return Counter(
        live.curl(f"{GATEWAY}/rest/v1/", headers=headers).json()["info"]["version"]
        for _ in range(times)
    )


def auth_version(live: Any) -> str:
    headers = {"apikey": KEYS.legacy("anon")}
    return str(live.curl(f"{GATEWAY}/auth/v1/health", headers=headers).json()["version"])


def test_a_trial_is_shared_out_promoted_and_taken_back(platform: Any) -> None:
    before = versions(platform, 4), auth_version(platform)

    bring(platform, filter(without("Job"), trial()))
    restart(platform)
    during = versions(platform, 20), auth_version(platform)
    checks, _ = estate.ask_all(platform)

    stable = {"spec": {"template": {"spec": {"containers": [{"name": "rest"}]}}}}
    container = platform.get(f"{DEPLOYMENTS}/supabase-rest")["spec"]["template"]["spec"]
    container["containers"][0]["image"] = f"postgrest/postgrest:{NEXT}"
    stable["spec"]["template"]["spec"] = container
    platform.patch(f"{DEPLOYMENTS}/supabase-rest", stable)
    end(platform)
    promoted = versions(platform, 4), auth_version(platform)

    assert before == (Counter({PRESENT: 4}), "v2.196.0")
    assert during == (Counter({PRESENT: 14, NEXT: 6}), "v2.197.0")
    assert [check for check in checks if not check["ok"]] == []
    assert promoted == (Counter({NEXT: 4}), "v2.196.0")  # auth was taken back, rest promoted.


def end(live: Any) -> None:
    """The release without the trial: its configuration, and nothing of the next versions."""
    kept = [item for item in estate.documents("supabase") if not estate.hooked(item)]
    bring(live, (item for item in kept if item["kind"] in ("ConfigMap", "NetworkPolicy")))
    restart(live)
    for name in ("rest", "auth"):
        live.delete(f"{DEPLOYMENTS}/supabase-{name}-next")
        live.delete(f"/api/v1/namespaces/supabase/services/supabase-{name}-next")
