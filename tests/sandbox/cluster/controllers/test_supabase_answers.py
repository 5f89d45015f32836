"""The platform as its charts render it, answering from the live state of the cluster."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

Manifest = dict[str, Any]

GOLDEN = Path(__file__).parents[3] / "golden" / "chart"
GATEWAY = "http://supabase-gateway.supabase.svc.cluster.local:8000"
DEPLOYMENTS = "/apis/apps/v1/namespaces/supabase/deployments"
SECRET = "a secret of more than thirty-two characters"
OTHER_SECRET = "another secret of more than thirty-two characters"


def key(role: str, secret: str = SECRET) -> str:
    claims = {"role": role, "iss": "supabase", "iat": 1, "exp": int(time.time()) + 3600}
    return jwt.encode(claims, secret, "HS256")


def jwt_data(secret: str = SECRET, signed_by: str = "") -> dict[str, str]:
    by = signed_by or secret
    return {
        "jwt-secret": secret,
        "anon-key": key("anon", by),
        "service-role-key": key("service_role", by),
    }


SECRETS = {
    "supabase-jwt": jwt_data(),
    "supabase-database": {
        "pg-username": "supabase",
        "pg-password": "pg",
        "pg-database": "supabase",
        "postgres-connection-string": "postgres://x",
    },
    "supabase-s3": {"keyId": "id", "accessKey": "access"},
    "supabase-blob": {
        "azure-storage-account-name": "account",
        "azure-storage-account-key": "a2V5",
        "storage-connection-string": "x",
    },
    "supabase-dashboard": {"dashboard-username": "admin", "dashboard-password": "pass word"},
    "supabase-meta": {"pg-meta-crypto-key": "0123456789abcdef"},
}


def encoded(data: dict[str, str]) -> dict[str, str]:
    return {name: base64.b64encode(text.encode()).decode() for name, text in data.items()}


def unready(live: Any) -> set[str]:
    return {
        item["metadata"]["name"]
        for item in live.items(DEPLOYMENTS)
        if not (item.get("status") or {}).get("availableReplicas")
        or item["status"].get("observedGeneration") != item["metadata"]["generation"]
        or item["status"]["updatedReplicas"] != item["status"]["replicas"]
    }


def smoke() -> tuple[Manifest, str]:
    """The chart's test, and the chart without it."""
    documents = [
        item for item in yaml.safe_load_all((GOLDEN / "sandbox-supabase.yaml").read_text()) if item
    ]
    job = next(item for item in documents if item["kind"] == "Job")
    rest = [item for item in documents if item is not job]
    return job, yaml.safe_dump_all(rest)


def release(live: Any) -> None:
    """Install the charts and their Secrets, and wait until all is ready."""
    live.namespace("supabase")
    for name, data in SECRETS.items():
        metadata = {"name": name, "namespace": "supabase"}
        live.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded(data)}
        )
    platform_chart = yaml.safe_load_all((GOLDEN / "sandbox-platform.yaml").read_text())
    live.create(*(item for item in platform_chart if item and item["kind"] == "NetworkPolicy"))
    live.apply(smoke()[1])
    live.apply((GOLDEN / "sandbox-s3proxy.yaml").read_text())
    live.until(lambda: not unready(live))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    """A cluster with the released charts, for tests that only ask."""
    live = start_live(tmp_path_factory.mktemp("platform"))
    release(live)
    return live


@pytest.fixture
def rotating(live: Any) -> Any:
    """The same, for tests that change it."""
    release(live)
    return live


def status(live: Any, path: str, apikey: str = "", **headers: str) -> int:
    wanted = headers | ({"apikey": apikey} if apikey else {})
    return int(live.curl(f"{GATEWAY}{path}", headers=wanted).status_code)


def restart(live: Any, name: str) -> None:
    mark = {"spec": {"template": {"metadata": {"annotations": {"restarted": str(time.time())}}}}}
    live.patch(f"{DEPLOYMENTS}/{name}", mark)
    live.until(lambda: not unready(live))


def test_the_smoke_test_of_the_chart_is_green(platform: Any) -> None:
    platform.create(smoke()[0])

    path = "/apis/batch/v1/namespaces/supabase/jobs/supabase-smoke"
    found = platform.until(
        lambda: platform.get(path).get("status", {}).get("conditions"), seconds=30
    )

    pods = platform.items("/api/v1/namespaces/supabase/pods?labelSelector=job-name")
    log = platform.http.get(
        f"/api/v1/namespaces/supabase/pods/{pods[0]['metadata']['name']}/log"
    ).text
    lines = [json.loads(line) for line in log.splitlines()]
    assert [line for line in lines if not line["ok"]] == []
    assert len(lines) > 10
    assert found[-1]["type"] == "Complete"


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
        ("/realtime/v1/api/ping", "anon", 503),
        ("/functions/v1/hello", "anon", 503),
        ("/auth/v1/token", "anon", 501),
        ("/", "", 401),
    ],
)
def test_the_gateway_knows_who_may_go_where(platform: Any, path: str, role: str, code: int) -> None:
    held = {"": "", "anon": "anon-key", "service_role": "service-role-key"}[role]
    token = SECRETS["supabase-jwt"].get(held, "")
    given = {"Authorization": f"Bearer {token}"} if token and "storage" in path else {}

    got = status(platform, path, token, **given)

    assert got == code


def test_a_wrong_key_is_refused(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/rest/v1/todos", headers={"apikey": "wrong"})

    assert answer.status_code == 401
    assert answer.json() == {"message": "Invalid authentication credentials"}


def test_an_unknown_table_is_named_as_postgrest_does(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/rest/v1/todos", headers={"apikey": key_of(platform)})

    assert answer.json()["code"] == "PGRST205"


def key_of(platform: Any) -> str:
    data = platform.get("/api/v1/namespaces/supabase/secrets/supabase-jwt")["data"]
    return base64.b64decode(data["anon-key"]).decode()


def test_the_dashboard_asks_for_its_password(platform: Any) -> None:
    answer = platform.curl(f"{GATEWAY}/", auth=("admin", "pass word"), follow_redirects=True)
    wrong = platform.curl(f"{GATEWAY}/", auth=("admin", "wrong"))

    assert (answer.status_code, wrong.status_code) == (200, 401)
    assert "Studio" in answer.text


def test_a_rotated_secret_is_seen_only_after_a_restart(rotating: Any) -> None:
    path = "/api/v1/namespaces/supabase/secrets/supabase-jwt"
    rotated = jwt_data(OTHER_SECRET)
    new = rotated["anon-key"]

    rotating.patch(path, {"data": encoded(rotated)})
    before = status(rotating, "/rest/v1/todos", new)
    restart(rotating, "supabase-gateway")
    mixed = status(rotating, "/rest/v1/todos", new)
    restart(rotating, "supabase-rest")
    after = status(rotating, "/rest/v1/todos", new)

    assert (before, mixed, after) == (401, 401, 404)


def test_keys_that_the_secret_did_not_sign_open_nothing(rotating: Any) -> None:
    path = "/api/v1/namespaces/supabase/secrets/supabase-jwt"
    mixed = jwt_data(SECRET, signed_by=OTHER_SECRET)

    rotating.patch(path, {"data": encoded(mixed)})
    for name in ("gateway", "auth", "rest"):
        restart(rotating, f"supabase-{name}")

    assert status(rotating, "/rest/v1/todos", mixed["anon-key"]) == 401
    assert status(rotating, "/auth/v1/health", mixed["anon-key"]) == 401


def test_without_a_ready_upstream_the_gateway_says_so(rotating: Any) -> None:
    rotating.patch(f"{DEPLOYMENTS}/supabase-auth", {"spec": {"replicas": 0}})
    pods = "/api/v1/namespaces/supabase/pods?labelSelector=app.kubernetes.io/component=auth"
    rotating.until(lambda: not rotating.items(pods))

    answer = rotating.curl(f"{GATEWAY}/auth/v1/health", headers={"apikey": key_of(rotating)})

    assert (answer.status_code, answer.text) == (503, "no healthy upstream")


def test_a_short_jwt_secret_ends_postgrest(rotating: Any) -> None:
    path = "/api/v1/namespaces/supabase/secrets/supabase-jwt"
    rotating.patch(path, {"data": encoded(jwt_data("short", signed_by=SECRET))})
    old = set(pod_names(rotating))
    mark = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}

    rotating.patch(f"{DEPLOYMENTS}/supabase-rest", mark)

    crashed = rotating.until(lambda: waiting(rotating, old))
    assert crashed["reason"] == "CrashLoopBackOff"
    assert crashed["message"] == "The JWT secret must be at least 32 characters long."


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
