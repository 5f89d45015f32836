"""The gateway as it behaves: Envoy itself with our configuration, where Envoy is installed."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.chart.conftest import Charts
from tests.chart.envoy import (
    ANON,
    CALLERS,
    OLD_PUBLISHABLE,
    OLD_SECRET,
    PASSWORD,
    PUBLISHABLE,
    SECRET,
    SERVICE,
    Echo,
    Gateway,
    running,
)


@pytest.fixture(scope="module")
def gateway(charts: Charts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(
        charts.render("supabase").files("supabase-gateway"), tmp_path_factory.mktemp("gateway")
    ) as gateway:
        yield gateway


ANONYMOUS, SERVING = {"anon", "publishable"}, {"service", "secret"}
PASSING: dict[str, dict[str, int]] = {
    "open": dict.fromkeys(CALLERS, 200),
    "key": dict.fromkeys(CALLERS, 401) | dict.fromkeys(ANONYMOUS | SERVING, 200),
    "service": dict.fromkeys(CALLERS, 401)
    | dict.fromkeys(ANONYMOUS, 403)
    | dict.fromkeys(SERVING, 200),
    "dashboard": dict.fromkeys(CALLERS, 401) | {"person": 200},
    "closed": dict.fromkeys(CALLERS, 403),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/healthz", "open"),
        ("/healthz/x", "dashboard"),
        ("/auth/v1/verify?token=x", "open"),
        ("/auth/v1/verify-me", "key"),
        ("/auth/v1/.well-known/jwks.json", "open"),
        ("/auth/v1/health", "key"),
        ("/auth/v1/admin/users", "key"),
        ("/rest/v1/", "service"),
        ("/rest/v1/todos", "key"),
        ("/graphql/v1", "key"),
        ("/storage/v1/object/public/a/b", "open"),
        ("/functions/v1/hello", "open"),
        ("/realtime/v1/websocket", "key"),
        ("/realtime/v1/api/ping", "key"),
        ("/pg/schemas", "service"),
        ("//pg//schemas", "service"),
        ("/auth/v1/verify/../../../pg/schemas", "service"),
        ("/api/mcp", "closed"),
        ("/mcp/x", "closed"),
        ("/analytics/v1/admin", "closed"),
        ("/realtime/v1/api/tenants", "closed"),
        ("/realtime/v1/api/tenants/x", "closed"),
        ("/realtime/v1/api/%74enants", "closed"),
        ("/realtime/v1/websocket/../api/openapi", "closed"),
        ("/", "dashboard"),
        ("/project/default", "dashboard"),
        ("/pg", "dashboard"),
    ],
)
def test_a_path_is_open_to_whom_it_should_be(
    gateway: Gateway, path: str, kind: str, caller: str
) -> None:
    status, _ = gateway.get(path, CALLERS[caller])

    assert status == PASSING[kind][caller]


def test_an_empty_key_is_no_key(gateway: Gateway) -> None:
    assert gateway.get("/auth/v1/health", {"apikey": ""})[0] == 401


def test_a_browser_may_send_its_key_in_the_address(gateway: Gateway) -> None:
    status, reached = gateway.get(f"/rest/v1/todos?select=id&apikey={ANON}")

    assert (status, reached["path"]) == (200, f"/todos?select=id&apikey={ANON}")
    assert reached["headers"]["authorization"] == f"Bearer {ANON}"


def test_a_key_alone_becomes_the_token_that_services_read(gateway: Gateway) -> None:
    _, reached = gateway.get("/rest/v1/todos", {"apikey": SERVICE})

    assert reached["headers"]["authorization"] == f"Bearer {SERVICE}"


@pytest.mark.parametrize(
    ("key", "token"),
    [
        *((key, "asymmetric.anon.token") for key in (PUBLISHABLE, OLD_PUBLISHABLE)),
        *((key, "asymmetric.service.token") for key in (SECRET, OLD_SECRET)),
    ],
)
@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer sb_publishable_abc"}])
def test_an_opaque_key_becomes_the_token_that_it_stands_for(
    gateway: Gateway, key: str, token: str, given: dict[str, str]
) -> None:
    _, reached = gateway.get("/rest/v1/todos", {"apikey": key, **given})

    assert reached["headers"]["authorization"] == f"Bearer {token}"
    assert reached["headers"]["apikey"] == token


def test_an_opaque_key_in_the_address_is_exchanged_there(gateway: Gateway) -> None:
    _, reached = gateway.get(f"/rest/v1/todos?a=1&apikey={PUBLISHABLE}&b=2")

    assert reached["path"] == "/todos?a=1&apikey=asymmetric.anon.token&b=2"


@pytest.mark.parametrize("key", ["sb_publishable_retired", "sb_secret_retired", "sb_secret_abc,"])
def test_a_retired_key_is_refused_like_a_stranger(gateway: Gateway, key: str) -> None:
    assert gateway.get("/rest/v1/todos", {"apikey": key})[0] == 401
    assert gateway.get(f"/realtime/v1/websocket?apikey={key}")[0] == 401


def test_a_list_of_keys_is_no_key(gateway: Gateway) -> None:
    assert gateway.get("/rest/v1/", {"apikey": f"{SECRET},{OLD_SECRET}"})[0] == 401


def test_opaque_keys_are_known_only_together_with_their_tokens(
    charts: Charts, tmp_path: Path
) -> None:
    files = charts.render("supabase").files("supabase-gateway")

    with running(files, tmp_path, ANON_KEY_ASYMMETRIC="") as gateway:
        keys = (SECRET, PUBLISHABLE, ANON)
        statuses = [gateway.get("/auth/v1/health", {"apikey": key})[0] for key in keys]

    assert statuses == [401, 401, 200]


@pytest.mark.parametrize(("key", "token"), [(ANON, ANON), (SECRET, "asymmetric.service.token")])
def test_realtime_reads_the_token_in_a_header_of_its_own(
    gateway: Gateway, key: str, token: str
) -> None:
    _, reached = gateway.get(
        f"/realtime/v1/websocket?vsn=1.0.0&apikey={key}", {"x-api-key": "of.the.client"}
    )

    assert reached["path"] == f"/socket/websocket?vsn=1.0.0&apikey={token}"
    assert reached["headers"]["x-api-key"] == token
    assert reached["headers"]["host"] == "realtime-dev.realtime"
    assert "authorization" not in reached["headers"]


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, None),
        ({"sb-api-key": "of.the.client"}, None),
        ({"apikey": "of.another.secret", "sb-api-key": "of.the.client"}, None),
        ({"apikey": ANON}, ANON),
        ({"apikey": PUBLISHABLE, "sb-api-key": "of.the.client"}, "asymmetric.anon.token"),
    ],
)
def test_only_the_gateway_tells_functions_whose_key_it_is(
    gateway: Gateway, headers: dict[str, str], token: str | None
) -> None:
    _, reached = gateway.get("/functions/v1/hello", headers | {"Authorization": "Bearer u.s.er"})

    assert reached["path"] == "/hello"
    assert reached["headers"].get("sb-api-key") == token
    assert reached["headers"]["authorization"] == "Bearer u.s.er"


def test_a_query_of_a_function_is_its_own(gateway: Gateway) -> None:
    _, reached = gateway.get(f"/functions/v1/hello?apikey={SECRET}")

    assert reached["path"] == f"/hello?apikey={SECRET}"


def test_a_users_token_stays_as_it_is(gateway: Gateway) -> None:
    headers = {"apikey": ANON, "Authorization": "Bearer of.the.user"}

    _, reached = gateway.get("/rest/v1/todos", headers)

    assert reached["headers"]["authorization"] == "Bearer of.the.user"


def test_a_signature_of_the_s3_protocol_reaches_storage(gateway: Gateway) -> None:
    signature = "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=y"

    _, reached = gateway.get("/storage/v1/s3/bucket", {"Authorization": signature})

    assert reached["headers"]["authorization"] == signature
    assert reached["headers"]["x-forwarded-prefix"] == "/storage/v1"


def test_an_empty_authorization_does_not_reach_storage(gateway: Gateway) -> None:
    _, reached = gateway.get("/storage/v1/object/x", {"Authorization": ""})

    assert "authorization" not in reached["headers"]


def test_the_dashboards_password_does_not_reach_studio(gateway: Gateway) -> None:
    _, reached = gateway.get("/project/default", {"Authorization": PASSWORD})

    assert "authorization" not in reached["headers"]


def test_services_make_links_for_the_public_name(gateway: Gateway) -> None:
    _, reached = gateway.get("/auth/v1/verify", {"X-Forwarded-Host": "evil.example.com"})

    forwarded = {
        name: value
        for name, value in reached["headers"].items()
        if name in {"x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"}
    }
    assert forwarded == {
        "x-forwarded-host": "supabase.example.com",
        "x-forwarded-port": "443",
        "x-forwarded-proto": "https",
    }


@pytest.mark.parametrize(
    ("edge", "address"),
    [
        ({}, "127.0.0.1"),
        ({"kind": "httpRoute", "httpRoute": {"gateway": "public"}}, "203.0.113.9"),
        ({"kind": "httpRoute", "httpRoute": {"gateway": "public"}, "hops": 2}, "198.51.100.7"),
    ],
    ids=["inside", "one-proxy", "two-proxies"],
)
def test_auth_learns_the_address_that_the_first_proxy_of_ours_saw(
    charts: Charts, tmp_path: Path, edge: dict[str, Any], address: str
) -> None:
    values = {"edge": {"namespaces": ["front"], **edge}}
    told = {"X-Forwarded-For": "10.1.1.1, 198.51.100.7, 203.0.113.9", "X-Client-Address": "forged"}

    rendering = charts.render("supabase", values)
    with running(rendering.files("supabase-gateway"), tmp_path) as gateway:
        _, reached = gateway.get("/auth/v1/verify", told)

    settings = {one["name"]: one.get("value") for one in rendering.environment("supabase-auth")}
    assert reached["headers"][str(settings["GOTRUE_RATE_LIMIT_HEADER"])] == address


def test_what_is_under_way_comes_to_its_end_before_envoy_does(
    charts: Charts, tmp_path: Path
) -> None:
    files = charts.render("supabase").files("supabase-gateway")
    Echo.arrived.clear()
    Echo.released.clear()

    with running(files, tmp_path) as gateway, ThreadPoolExecutor() as clients:
        held = clients.submit(gateway.get, "/storage/v1/held")
        assert Echo.arrived.wait(30)
        gateway.process.terminate()
        until(lambda: gateway.ask("/storage/v1/x", {})[2].get("connection") == "close")
        alive = gateway.process.poll() is None
        Echo.released.set()
        status, _ = held.result(30)
        code = gateway.process.wait(30)

    assert (alive, status, code) == (True, 200, 0)


def test_what_does_not_end_is_ended_after_its_time(charts: Charts, tmp_path: Path) -> None:
    files = charts.render("supabase").files("supabase-gateway")
    Echo.arrived.clear()
    Echo.released.clear()

    with (
        running(files, tmp_path, FINISH_SECONDS="1") as gateway,
        ThreadPoolExecutor() as clients,
    ):
        held = clients.submit(gateway.get, "/storage/v1/held")
        assert Echo.arrived.wait(30)
        gateway.process.terminate()
        code = gateway.process.wait(30)
        broken = held.exception(30)
        Echo.released.set()

    assert code == 0
    assert isinstance(broken, OSError)


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end, "It never happened."
        time.sleep(0.05)


def test_graphql_names_its_schema(gateway: Gateway) -> None:
    _, reached = gateway.get("/graphql/v1", {"apikey": ANON})

    assert reached["path"] == "/rpc/graphql"
    assert reached["headers"]["content-profile"] == "graphql_public"


@pytest.mark.parametrize("path", ["/rest/v1%2Ftodos", "/pg%5Cschemas"])
def test_a_slash_in_disguise_is_refused(gateway: Gateway, path: str) -> None:
    assert gateway.get(path, {"apikey": SERVICE})[0] == 400


def test_administration_is_out_of_reach(gateway: Gateway) -> None:
    for path in ("/config_dump", "/quitquitquit", "/"):
        assert gateway.get(path, port=gateway.status_port)[0] == 404


def test_metrics_have_a_port_of_their_own_with_nothing_else_on_it(gateway: Gateway) -> None:
    address = f"http://127.0.0.1:{gateway.metrics_port}"

    with urlopen(f"{address}/stats/prometheus") as answer:  # noqa: S310 - The scheme stands there.
        assert b"envoy_http_downstream_rq_total" in answer.read()
    assert gateway.get("/ready", port=gateway.metrics_port)[0] == 404
    assert gateway.get("/stats/prometheus", port=gateway.status_port)[0] == 404


def test_the_log_tells_paths_and_keeps_keys_to_itself(gateway: Gateway) -> None:
    gateway.get(f"/rest/v1/logged?apikey={ANON}")

    for _ in range(100):
        if "/rest/v1/logged" in gateway.log.read_text():
            break
        time.sleep(0.05)

    text = gateway.log.read_text()
    assert '"path":"/rest/v1/logged"' in text
    assert ANON not in text


def test_a_failing_script_closes_what_asks_for_a_key(charts: Charts, tmp_path: Path) -> None:
    files = charts.render("supabase").files("supabase-gateway")
    start = "local headers, route"
    broken = files["envoy.yaml"].replace(start, f'error(\\"broken\\") {start}')

    with running({**files, "envoy.yaml": broken}, tmp_path) as gateway:
        status, _ = gateway.get("/pg/schemas", {"apikey": SERVICE})

    assert (files["envoy.yaml"] != broken, status) == (True, 403)
