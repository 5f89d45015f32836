"""The gateway as it is configured: its table of routes, and its start."""

import base64
import hashlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import Charts

SECRETS = {
    "ANON_KEY": "the.anon.key",
    "SERVICE_ROLE_KEY": "the.service.key",
    "DASHBOARD_USERNAME": "supabase",
    "DASHBOARD_PASSWORD": "correct horse",
    "FINISH_SECONDS": "1",
}

# Path, who may pass, and where it leads.
ROUTES = [
    ("/healthz", "health", None, None),
    ("/auth/v1/verify", "open", "auth", "/verify"),
    ("/auth/v1/callback", "open", "auth", "/callback"),
    ("/auth/v1/authorize", "open", "auth", "/authorize"),
    ("/auth/v1/.well-known/jwks.json", "open", "auth", "/.well-known/jwks.json"),
    ("/auth/v1/sso/saml/acs", "open", "auth", "/sso/saml/acs"),
    ("/auth/v1/sso/saml/metadata", "open", "auth", "/sso/saml/metadata"),
    (
        "/.well-known/oauth-authorization-server/auth/v1",
        "open",
        "auth",
        "/.well-known/oauth-authorization-server",
    ),
    (
        "/.well-known/oauth-authorization-server",
        "open",
        "auth",
        "/.well-known/oauth-authorization-server",
    ),
    ("/auth/v1/", "key", "auth", "/"),
    ("/rest/v1/", "service", "rest", "/"),
    ("/rest/v1/", "key", "rest", "/"),
    ("/graphql/v1", "key", "rest", "/rpc/graphql"),
    ("/realtime/v1/api/openapi", "closed", None, None),
    ("/realtime/v1/api/tenants", "closed", None, None),
    ("/realtime/v1/api", "key", "realtime", "/api"),
    ("/realtime/v1/", "key", "realtime", "/socket/"),
    ("/storage/v1/metrics", "closed", None, None),
    ("/storage/v1/", "open", "storage", "/"),
    ("/functions/v1/", "open", "functions", "/"),
    ("/pg/", "service", "meta", "/"),
    ("/analytics", "closed", None, None),
    ("/api/mcp", "closed", None, None),
    ("/mcp", "closed", None, None),
    ("/", "dashboard", "studio", "/"),
]


def listener(files: dict[str, str], number: int) -> dict[str, Any]:
    bootstrap = yaml.safe_load(files["envoy.yaml"])
    chain = bootstrap["static_resources"]["listeners"][number]["filter_chains"][0]
    connections: dict[str, Any] = chain["filters"][0]["typed_config"]
    return connections


def access(route: dict[str, Any]) -> str:
    """Who may pass, read from what the filters are told about the route."""
    if "direct_response" in route:
        return {200: "health", 403: "closed", 404: "absent"}[route["direct_response"]["status"]]
    filters = route.get("typed_per_filter_config", {})
    if "envoy.filters.http.basic_auth" not in filters:
        return "dashboard"
    rbac = filters.get("envoy.filters.http.rbac", {})
    if rbac.get("disabled"):
        return "open"
    return "service" if "service_role" in json.dumps(rbac) else "key"


def test_the_routes_are_those_of_supabase(charts: Charts) -> None:
    host = listener(charts.render("supabase").files("supabase-gateway"), 0)["route_config"][
        "virtual_hosts"
    ][0]

    found = []
    for route in host["routes"]:
        (path,) = route["match"].values()
        to = route.get("route", {})
        rewritten = to.get("prefix_rewrite", path) if to else None
        found.append((path, access(route), to.get("cluster"), rewritten))

    assert found == ROUTES


def test_realtime_is_asked_under_the_name_of_its_tenant(charts: Charts) -> None:
    rendering = charts.render("supabase", {"realtime": {"tenant": "main"}})

    (host,) = listener(rendering.files("supabase-gateway"), 0)["route_config"]["virtual_hosts"]
    routes = (one.get("route", {}) for one in host["routes"])
    names = {one["host_rewrite_literal"] for one in routes if one.get("cluster") == "realtime"}
    assert names == {"main.realtime"}


def test_only_a_route_with_a_password_reaches_studio(charts: Charts) -> None:
    host = listener(charts.render("supabase").files("supabase-gateway"), 0)["route_config"][
        "virtual_hosts"
    ][0]

    leading = [
        route for route in host["routes"] if route.get("route", {}).get("cluster") == "studio"
    ]

    assert {access(route) for route in leading} == {"dashboard"}


@pytest.mark.parametrize(("number", "path"), [(1, "/stats/prometheus"), (2, "/ready")])
def test_readiness_and_metrics_have_ports_of_their_own(
    charts: Charts, number: int, path: str
) -> None:
    files = charts.render("supabase").files("supabase-gateway")

    (host,) = listener(files, number)["route_config"]["virtual_hosts"]

    assert [route["match"] for route in host["routes"]] == [{"path": path}]


def test_a_service_takes_as_many_connections_as_the_gateway(charts: Charts) -> None:
    bootstrap = yaml.safe_load(charts.render("supabase").files("supabase-gateway")["envoy.yaml"])
    (monitor,) = bootstrap["overload_manager"]["resource_monitors"]
    most = monitor["typed_config"]["max_active_downstream_connections"]

    _, *clusters = bootstrap["static_resources"]["clusters"]
    for cluster in clusters:
        (limits,) = cluster["circuit_breakers"]["thresholds"]
        assert {limits[f"max_{what}"] for what in ("connections", "requests")} == {most}
    assert len(clusters) > 5


def test_a_gateway_that_is_full_still_answers_its_probes_and_monitoring(charts: Charts) -> None:
    bootstrap = yaml.safe_load(charts.render("supabase").files("supabase-gateway")["envoy.yaml"])

    _, *own = bootstrap["static_resources"]["listeners"]
    assert [one["ignore_global_conn_limit"] for one in own] == [True, True]


def test_a_pod_has_the_time_that_its_gateway_takes_to_end(charts: Charts) -> None:
    rendering = charts.render("supabase", {"rollout": {"drainSeconds": 7, "finishSeconds": 300}})

    pod = rendering.pods()["supabase-gateway"]
    (told,) = (one for one in pod["containers"][0]["env"] if one["name"] == "FINISH_SECONDS")
    assert told["value"] == "300"
    assert pod["terminationGracePeriodSeconds"] > 7 + 300


def test_envoys_administration_has_no_network_port(charts: Charts) -> None:
    bootstrap = yaml.safe_load(charts.render("supabase").files("supabase-gateway")["envoy.yaml"])

    assert set(bootstrap["admin"]["address"]) == {"pipe"}


def test_the_configuration_holds_no_secret(charts: Charts) -> None:
    files = charts.render("supabase").files("supabase-gateway")

    assert "os.getenv" in files["envoy.yaml"]
    assert "environment_variable" in files["envoy.yaml"]


@dataclass(frozen=True)
class Start:
    """The start script, in front of a program `envoy` that tells what it was given."""

    folder: Path

    def run(self, **changed: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["/bin/sh", str(self.folder / "start.sh"), "--concurrency", "2"],
            env={"PATH": f"{self.folder}:{os.environ['PATH']}", **SECRETS, **changed},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def start(charts: Charts, tmp_path: Path) -> Start:
    (tmp_path / "start.sh").write_text(
        charts.render("supabase").files("supabase-gateway")["start.sh"]
    )
    envoy = tmp_path / "envoy"
    envoy.write_text('#!/bin/sh\necho "$@"\nenv\n')
    envoy.chmod(0o755)
    return Start(tmp_path)


def test_envoy_gets_a_list_of_users_instead_of_the_password(start: Start) -> None:
    done = start.run()

    digest = hashlib.sha1(b"correct horse", usedforsecurity=False).digest()
    users = f"supabase:{{SHA}}{base64.b64encode(digest).decode()}"
    assert f"DASHBOARD_USERS={users}" in done.stdout.splitlines()
    assert "correct horse" not in done.stdout


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("ANON_KEY", "", "anon-key is empty"),
        ("SERVICE_ROLE_KEY", "", "service-role-key is empty"),
        ("DASHBOARD_PASSWORD", "", "dashboard-password is empty"),
        ("DASHBOARD_USERNAME", "", "dashboard-username is empty"),
        ("DASHBOARD_USERNAME", "a:b", "contains a colon"),
    ],
)
def test_a_secret_that_would_open_a_door_stops_the_start(
    start: Start, variable: str, value: str, sentence: str
) -> None:
    done = start.run(**{variable: value})

    assert (done.returncode, done.stdout) == (78, "")
    assert sentence in done.stderr
