"""The platform as its charts render it, answering from the live state of the cluster."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.cluster.controllers import estate
from tests.sandbox.cluster.controllers.estate import OTHER_SECRET, Keys, unready

Manifest = dict[str, Any]

GATEWAY = "http://supabase-gateway.supabase.svc.cluster.local:8000"
DEPLOYMENTS = "/apis/apps/v1/namespaces/supabase/deployments"
SECRETS = "/api/v1/namespaces/supabase/secrets"
KEYS = Keys()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    """A cluster with the released charts, for tests that only ask."""
    live = start_live(tmp_path_factory.mktemp("platform"))
    estate.release(live, KEYS)
    return live


@pytest.fixture
def rotating(live: Any) -> Any:
    """The same, for tests that change it."""
    estate.release(live, KEYS)
    return live


def rotate(live: Any, keys: Keys, *consumers: str) -> None:
    """Give these consumers the keys of another secret, without a restart."""
    for name in consumers:
        data = estate.encoded(estate.secrets(keys)[f"supabase-{name}"])
        live.patch(f"{SECRETS}/supabase-{name}", {"data": data})


def status(live: Any, path: str, apikey: str = "", **headers: str) -> int:
    wanted = headers | ({"apikey": apikey} if apikey else {})
    return int(live.curl(f"{GATEWAY}{path}", headers=wanted).status_code)


def restart(live: Any, name: str) -> None:
    mark = {"spec": {"template": {"metadata": {"annotations": {"restarted": str(time.time())}}}}}
    live.patch(f"{DEPLOYMENTS}/{name}", mark)
    live.until(lambda: not unready(live))


@pytest.mark.parametrize(
    ("path", "role", "code"),
    [
        ("/auth/v1/health", "anon", 200),
        ("/auth/v1/health", "", 401),
        ("/auth/v1/settings", "anon", 200),
        ("/auth/v1/.well-known/jwks.json", "", 200),
        ("/auth/v1/admin/users", "service_role", 200),
        ("/auth/v1/admin/users", "anon", 403),
        ("/rest/v1/", "service_role", 200),
        ("/rest/v1/", "anon", 403),
        ("/rest/v1/", "", 401),
        ("/rest/v1/todos", "anon", 404),
        ("/storage/v1/status", "", 200),
        ("/storage/v1/bucket", "service_role", 200),
        ("/pg/schemas", "service_role", 200),
        ("/pg/schemas", "anon", 403),
        ("/pg/schemas", "", 401),
        ("/mcp", "service_role", 403),
        ("/api/mcp", "", 403),
        ("/realtime/v1/api/tenants", "service_role", 403),
        ("/realtime/v1/api/ping", "anon", 200),
        ("/functions/v1/hello", "anon", 200),
        ("/functions/v1/hello", "", 401),
        ("/functions/v1/other", "anon", 404),
        ("/auth/v1/otp", "anon", 501),
        ("/", "", 401),
    ],
)
def test_the_gateway_knows_who_may_go_where(platform: Any, path: str, role: str, code: int) -> None:
    assert status(platform, path, KEYS.legacy(role) if role else "") == code


def test_a_wrong_key_is_refused(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/rest/v1/todos", headers={"apikey": "wrong"})

    assert answer.status_code == 401
    assert answer.json() == {"message": "Invalid API key"}


def test_an_unknown_table_is_named_as_postgrest_does(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/rest/v1/todos", headers={"apikey": KEYS.legacy("anon")})

    assert answer.json()["code"] == "PGRST205"


def test_the_dashboard_asks_for_its_password(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/", auth=("admin", "pass word"), follow_redirects=True)
    wrong = platform.curl(f"{GATEWAY}/", auth=("admin", "wrong"))

    assert (answer.status_code, wrong.status_code) == (200, 401)
    assert "Studio" in answer.text


def test_studio_reaches_a_server_that_takes_encrypted_connections_only(rotating: Any) -> None:
    path = "/api/platform/pg-meta/default/query"
    asked = {"auth": ("admin", "pass word"), "json": {"query": "select 1"}}

    answer = rotating.curl(f"{GATEWAY}{path}", method="POST", **asked)
    (meta,) = rotating.get(f"{DEPLOYMENTS}/supabase-meta")["spec"]["template"]["spec"]["containers"]
    meta["env"] = [entry for entry in meta["env"] if entry["name"] != "PGSSLMODE"]
    change = {"spec": {"template": {"spec": {"containers": [meta]}}}}
    rotating.patch(f"{DEPLOYMENTS}/supabase-meta", change)
    rotating.until(lambda: not unready(rotating))
    refused = rotating.until(
        lambda: (
            (found := rotating.curl(f"{GATEWAY}{path}", method="POST", **asked)).status_code == 400
            and found
        )
    )

    assert (answer.status_code, answer.json()) == (200, [{"?column?": 1}])
    assert "no encryption" in refused.json()["message"]


def test_the_tenant_of_realtime_is_told_once(rotating: Any) -> None:
    jobs, name = "/apis/batch/v1/namespaces/supabase/jobs", "supabase-realtime-tenant"

    def said() -> str:
        (pod,) = (found for found in pod_names(rotating) if found.startswith(name))
        log = rotating.http.get(f"/api/v1/namespaces/supabase/pods/{pod}/log").text
        return str(log).strip()

    first = said()
    rotating.http.delete(f"{jobs}/{name}", params={"propagationPolicy": "Background"})
    rotating.until(lambda: not [pod for pod in pod_names(rotating) if pod.startswith(name)])
    estate.tell_realtime(rotating)

    assert (first, said()) == ("tenant realtime-dev: made", "tenant realtime-dev: as wanted")


def test_a_rotated_secret_is_seen_only_after_a_restart(rotating: Any) -> None:
    other = Keys(OTHER_SECRET)
    new = other.legacy("anon")

    rotate(rotating, other, "gateway", "rest")
    before = status(rotating, "/rest/v1/todos", new)
    restart(rotating, "supabase-gateway")
    mixed = status(rotating, "/rest/v1/todos", new)
    restart(rotating, "supabase-rest")
    after = status(rotating, "/rest/v1/todos", new)

    assert (before, mixed, after) == (401, 401, 404)


def test_without_a_ready_upstream_the_gateway_says_so(rotating: Any) -> None:
    rotating.patch(f"{DEPLOYMENTS}/supabase-auth", {"spec": {"replicas": 0}})
    pods = "/api/v1/namespaces/supabase/pods?labelSelector=app.kubernetes.io/component=auth"
    rotating.until(lambda: not rotating.items(pods))

    answer = rotating.curl(f"{GATEWAY}/auth/v1/health", headers={"apikey": KEYS.legacy("anon")})

    assert (answer.status_code, answer.text) == (503, "no healthy upstream")


def test_a_service_that_lacks_a_setting_says_which(rotating: Any) -> None:
    data = estate.encoded(estate.secrets(KEYS)["supabase-realtime"] | {"realtime-enc-key": "short"})
    rotating.patch(f"{SECRETS}/supabase-realtime", {"data": data})
    old = set(pod_names(rotating))
    mark = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}

    rotating.patch(f"{DEPLOYMENTS}/supabase-realtime", mark)

    crashed = rotating.until(lambda: waiting(rotating, old))
    assert crashed["reason"] == "CrashLoopBackOff"
    assert crashed["message"] == "DB_ENC_KEY must be 16 bytes long"


def pod_names(live: Any) -> list[str]:
    return [pod["metadata"]["name"] for pod in live.items("/api/v1/namespaces/supabase/pods")]


def waiting(live: Any, but: set[str]) -> Manifest | None:
    for pod in live.items("/api/v1/namespaces/supabase/pods"):
        for item in pod["status"].get("containerStatuses") or []:
            if pod["metadata"]["name"] not in but and "waiting" in item["state"]:
                found: Manifest = item["state"]["waiting"]
                return found
    return None


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("http://nowhere.supabase.svc.cluster.local/", "Could not resolve host"),
        ("http://supabase-gateway.supabase.svc:81/", "has no port 81"),
    ],
)
def test_an_address_where_nobody_listens_is_explained(
    platform: Any, address: str, sentence: str
) -> None:
    answer = platform.curl(address)

    assert answer.status_code == 503
    assert sentence in answer.text


FRIEND = {  # The policies of the chart let it speak to auth.
    "app.kubernetes.io/name": "supabase",
    "app.kubernetes.io/instance": "supabase",
    "app.kubernetes.io/component": "gateway",
}


def test_a_pod_finds_the_services_of_its_namespace_by_their_short_names(platform: Any) -> None:
    platform.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "supabase-auth", "namespace": "demo"},
            "spec": {"ports": [{"port": 9999}]},
        },
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "ask", "namespace": "supabase", "labels": FRIEND},
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "curl",
                        "image": "curlimages/curl:8.16.0",
                        "args": ["-sS", "http://supabase-auth:9999/health"],
                    }
                ],
            },
        },
    )

    path = "/api/v1/namespaces/supabase/pods/ask"
    platform.until(lambda: platform.get(path)["status"]["phase"] in ("Succeeded", "Failed"))

    assert json.loads(platform.http.get(f"{path}/log").text)["name"] == "GoTrue"
