"""What a wrong login to PostgreSQL does to the services that present it."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.cluster.controllers.logins import Logins
from sandbox.cluster.login import Login
from tests.sandbox.cluster.controllers import estate
from tests.sandbox.cluster.controllers.estate import Keys, unready

GATEWAY = "http://supabase-gateway.supabase.svc.cluster.local:8000"
DEPLOYMENTS = "/apis/apps/v1/namespaces/supabase/deployments"
PODS = "/api/v1/namespaces/supabase/pods?labelSelector=app.kubernetes.io/component="
KEYS = Keys()


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    live = start_live(tmp_path_factory.mktemp("logins"))
    estate.release(live, KEYS)
    return live


@pytest.fixture
def platform(released: Any) -> Any:
    """Everybody is let in again afterwards, and everything is ready."""
    yield released
    released.passwords.clear()
    released.until(lambda: not unready(released))


def ask(live: Any, path: str, role: str = "service_role", method: str = "GET", **more: Any) -> Any:
    token = KEYS.legacy(role)
    headers = {"apikey": token, "authorization": f"Bearer {token}"}
    return live.curl(f"{GATEWAY}{path}", method=method, headers=headers, **more)


def user_of(service: str) -> str:
    """Who a service signs in as."""
    return estate.secrets(KEYS)[f"supabase-{service}"][f"pg-{service}-username"]


@pytest.mark.parametrize(
    ("service", "path", "status"),
    [
        ("auth", "/auth/v1/admin/users", 500),
        ("rest", "/rest/v1/", 503),
        ("storage", "/storage/v1/bucket", 500),
        ("meta", "/pg/schemas", 500),
        ("functions", "/functions/v1/hello", 500),
        ("realtime", "/realtime/v1/api/ping", 500),
    ],
)
def test_a_login_that_is_refused_turns_requests_into_the_services_own_errors(
    platform: Any, service: str, path: str, status: int
) -> None:
    before = ask(platform, path).status_code

    platform.passwords[user_of(service)] = "another one"
    platform.until(lambda: ask(platform, path).status_code == status)
    platform.passwords.clear()
    platform.until(lambda: ask(platform, path).status_code == before)

    assert before == 200


def test_postgrest_is_not_ready_while_its_login_is_refused_and_gets_no_requests(
    platform: Any,
) -> None:
    def ready() -> bool:
        (pod,) = platform.items(f"{PODS}rest")
        found = {one["type"]: one["status"] for one in pod["status"]["conditions"]}
        return bool(found["Ready"] == "True")

    platform.passwords[user_of("rest")] = "another one"
    platform.until(lambda: not ready(), 60)
    refused = ask(platform, "/rest/v1/")
    platform.passwords.clear()
    platform.until(ready, 60)

    assert (refused.status_code, refused.text) == (503, "no healthy upstream")


@pytest.mark.parametrize("service", ["auth", "storage", "realtime"])
def test_a_new_pod_with_a_wrong_login_ends_and_the_old_one_goes_on(
    platform: Any, service: str
) -> None:
    user = user_of(service)
    mark = {"template": {"metadata": {"annotations": {"restarted": str(time.time())}}}}
    platform.passwords[user] = "another one"
    platform.patch(f"{DEPLOYMENTS}/supabase-{service}", {"spec": mark})

    def crashed() -> str:
        for pod in platform.items(f"{PODS}{service}"):
            for item in pod["status"].get("containerStatuses") or []:
                if "waiting" in item["state"]:
                    return str(item["state"]["waiting"].get("message", ""))
        return ""

    said = platform.until(crashed)
    platform.until(lambda: len(platform.items(f"{PODS}{service}")) == 2)
    platform.passwords.clear()
    platform.until(lambda: len(platform.items(f"{PODS}{service}")) == 1, 60)

    assert said.endswith(f'password authentication failed for user "{user}"')


def test_studio_is_told_what_its_own_login_meets(platform: Any) -> None:
    path, asked = "/api/platform/pg-meta/default/query", {"json": {"query": "select 1"}}
    platform.passwords[user_of("meta")] = "another one"

    refused = platform.until(
        lambda: (
            (
                found := platform.curl(
                    f"{GATEWAY}{path}", method="POST", auth=("admin", "pass word"), **asked
                )
            ).status_code
            != 200
            and found
        )
    )

    assert "password authentication failed" in refused.json()["message"]


# --- How often -------------------------------------------------------------------------------

LOGIN = Login("db.example.com", "authenticator", "secret", "supabase")


def test_a_pod_signs_in_once_a_second_at_most_and_for_itself() -> None:
    tried: list[str] = []
    now = [0.0]

    async def attempt(login: Login) -> str:
        await asyncio.sleep(0)
        tried.append(login.user)
        return "no" if len(tried) > 2 else ""

    async def run() -> list[str]:
        logins = Logins(attempt, lambda: now[0])
        said = await asyncio.gather(*(logins.refusal("demo/a", LOGIN) for _ in range(5)))
        said.append(await logins.refusal("demo/b", LOGIN))
        now[0] = 0.9
        said.append(await logins.refusal("demo/a", LOGIN))
        now[0] = 1.0
        said.append(await logins.refusal("demo/a", LOGIN))
        return said

    assert asyncio.run(run()) == [""] * 7 + ["no"]
    assert len(tried) == 3


def test_a_password_is_shown_nowhere() -> None:
    assert "secret" not in repr(LOGIN)


@pytest.mark.parametrize(
    ("env", "wanted"),
    [
        (
            {"PGRST_DB_URI": "postgres://rest_1:a%2Fb@pg:5432/supabase?sslmode=require"},
            Login("pg", "rest_1", "a/b", "supabase"),
        ),
        (
            {"DATABASE_URL": "postgres://pg/db?sslmode=disable", "PGUSER": "u", "PGPASSWORD": "p"},
            Login("pg", "u", "p", "db", encrypted=False),
        ),
        (
            {"DB_HOST": "pg", "DB_USER": "u", "DB_PASSWORD": "p", "DB_NAME": "d", "DB_SSL": "true"},
            Login("pg", "u", "p", "d"),
        ),
        ({"GOTRUE_SITE_URL": "https://example.com"}, None),
    ],
)
def test_a_login_is_read_from_what_services_are_given(
    env: dict[str, str], wanted: Login | None
) -> None:
    assert Login.of(env) == wanted
