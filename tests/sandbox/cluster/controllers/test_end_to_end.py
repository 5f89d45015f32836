"""The chart's own test, run for real: on a whole platform, and on one with something wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.sandbox.cluster.controllers import estate
from tests.sandbox.cluster.controllers.estate import Keys, encoded

Manifest = dict[str, Any]
OWN, FOREIGN = Keys(), Keys("a foreign secret of more than thirty-two characters")
SPACE = "namespaces/supabase"
POLICIES = f"/apis/networking.k8s.io/v1/{SPACE}/networkpolicies"
DEPLOYMENTS = f"/apis/apps/v1/{SPACE}/deployments"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, start_live: Callable[[Path], Any]) -> Any:
    live = start_live(tmp_path_factory.mktemp("platform"))
    estate.release(live, OWN)
    return live


@pytest.fixture
def broken(live: Any) -> Any:
    """A platform for one test alone, which breaks it."""
    estate.release(live, OWN)
    return live


def failing(live: Any) -> set[str]:
    """The checks that do not hold, each asked once."""
    lines, phase = estate.ask_all(live, TEST_DEADLINE="0")
    wrong = {line["check"] for line in lines if not line.get("ok") and "check" in line}
    assert phase == ("Failed" if wrong else "Succeeded")
    return wrong


def give(live: Any, consumer: str, **changed: str) -> None:
    """Change keys of a consumer's Secret; it knows them after a restart."""
    data = encoded({name.replace("_", "-"): value for name, value in changed.items()})
    live.patch(f"/api/v1/{SPACE}/secrets/supabase-{consumer}", {"data": data})


def set_variable(live: Any, name: str, variable: str, value: str) -> None:
    path = f"{DEPLOYMENTS}/supabase-{name}"
    template = live.get(path)["spec"]["template"]
    for entry in template["spec"]["containers"][0]["env"]:
        if entry["name"] == variable:
            entry.clear()
            entry |= {"name": variable, "value": value}
    live.patch(path, {"spec": {"template": template}})


def change_routes(live: Any, change: Callable[[list[Manifest]], list[Manifest]]) -> None:
    """Change the routes in the gateway's configuration; it knows them after a restart."""
    path = f"/api/v1/{SPACE}/configmaps/supabase-gateway"
    bootstrap = yaml.safe_load(live.get(path)["data"]["envoy.yaml"])
    manager = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
    (host,) = manager["typed_config"]["route_config"]["virtual_hosts"]
    host["routes"] = change(host["routes"])
    live.patch(path, {"data": {"envoy.yaml": yaml.safe_dump(bootstrap)}})


def restart(live: Any, *names: str) -> None:
    mark = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    for name in names:
        live.patch(f"{DEPLOYMENTS}/supabase-{name}", mark)
    live.until(lambda: not estate.unready(live))


def test_every_check_holds_and_nothing_is_left(platform: Any) -> None:
    lines, phase = estate.ask_all(platform)

    *checks, summary = lines
    assert [check for check in checks if not check["ok"]] == []
    assert summary == {"ok": True, "checks": len(checks), "passed": len(checks)}
    assert phase == "Succeeded"
    assert failing(platform) == set()  # A second run meets nothing of the first.


def test_each_wrong_key_is_noticed_where_it_is_used(broken: Any) -> None:
    give(broken, "storage", accessKey="of another S3 service")
    give(broken, "functions", jwt_secret=FOREIGN.secret, jwt_jwks=FOREIGN.jwks)
    give(
        broken,
        "gateway",
        anon_key_asymmetric=FOREIGN.asymmetric("anon"),
        service_role_key_asymmetric=FOREIGN.asymmetric("service_role"),
        dashboard_password="of another dashboard",
    )
    restart(broken, "storage", "functions", "gateway")

    assert failing(broken) == {
        *("file-goes-up", "file-comes-down"),
        *("address-is-signed", "signed-address", "forged-address"),
        "function-says-hello",
        *("publishable-key-sees-none", "secret-key-sees-the-row"),
        *("secret-key-lists-users", "secret-key-lists-buckets"),
        "message-is-heard",
        *("studio-with-password", "studio-reaches-the-database"),
    }


def test_whatever_should_have_been_retired_and_still_counts_is_noticed(platform: Any) -> None:
    path, held = f"/api/v1/{SPACE}/secrets/supabase-test", estate.secrets(OWN)["supabase-test"]
    counts = {
        "anon-key": held["anon-key"],
        "secret-key": "sb_secret_before",
        "jwt-set": OWN.asymmetric("authenticated"),
        "supabase-storage-creds": "before:access",
    }
    platform.patch(path, {"data": encoded({"retired-credentials": json.dumps(counts)})})
    try:
        assert failing(platform) == {
            *("retired-anon-key-is-refused", "retired-secret-key-is-refused"),
            "token-of-retired-jwt-set-reaches-no-table",
            "token-of-retired-jwt-set-runs-no-function",
            "retired-supabase-storage-creds-are-refused",
        }
    finally:
        platform.patch(path, {"data": encoded(held)})


def test_each_wrong_role_and_route_is_noticed(broken: Any) -> None:
    def wrong(routes: list[Manifest]) -> list[Manifest]:
        kept = []
        for route in routes:
            path = next(iter(route["match"].values()))
            if path == "/pg/":
                route["typed_per_filter_config"].pop("envoy.filters.http.rbac")
            if path == "/realtime/v1/":
                route["route"]["host_rewrite_literal"] = "another.tenant"
            if path not in ("/realtime/v1/api/tenants", "/auth/v1/.well-known/jwks.json"):
                kept.append(route)
        return kept

    give(
        broken,
        "gateway",
        anon_key_asymmetric=OWN.asymmetric("service_role"),
        service_role_key_asymmetric=OWN.asymmetric("anon"),
    )
    change_routes(broken, wrong)
    restart(broken, "gateway")

    assert failing(broken) == {
        *("publishable-key-sees-none", "secret-key-sees-the-row", "secret-key-lists-users"),
        *("meta-is-not-for-anon", "publishable-key-is-no-service"),
        "message-is-heard",
        "realtime-v1-api-tenants-is-closed",
        "auth-keys-are-public",
    }


def test_each_missing_arrow_is_noticed_and_who_verifies_with_foreign_keys(broken: Any) -> None:
    def without(rules: list[Manifest], name: str) -> list[Manifest]:
        return [rule for rule in rules if f"'{name}'" not in str(rule)]

    for policy, direction, other in (
        ("storage", "egress", "s3proxy"),
        ("gateway", "egress", "functions"),
        ("realtime", "ingress", "gateway"),
    ):
        path = f"{POLICIES}/supabase-{policy}"
        rules = broken.get(path)["spec"][direction]
        broken.patch(path, {"spec": {direction: without(rules, other)}})
    give(broken, "rest", jwt_jwks=FOREIGN.jwks)
    set_variable(broken, "auth", "GOTRUE_JWT_ADMIN_ROLES", "nobody")
    restart(broken, "rest")

    assert failing(broken) == {
        *("file-goes-up", "file-comes-down"),
        *("address-is-signed", "signed-address", "forged-address"),
        *("function-says-hello", "token-of-retired-jwt-set-runs-no-function"),
        "message-is-heard",
        *("rest-as-service", "owner-inserts", "owner-sees-the-row", "anon-sees-none"),
        *("service-sees-the-row", "publishable-key-sees-none", "secret-key-sees-the-row"),
        *("secret-key-lists-users", "user-is-gone"),
    }


def test_a_stranger_in_the_namespace_gets_no_answer(platform: Any) -> None:
    job = estate.end_to_end_test()
    job["spec"]["template"]["metadata"]["labels"] = {"app": "stranger"}

    lines, phase = estate.ask_all(platform, job, TEST_DEADLINE="0")

    assert phase == "Failed"
    assert not any(line["ok"] for line in lines)
