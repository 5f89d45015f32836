"""The script of `helm test`, run for real with this machine's sh and curl."""

import json
import os
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.chart.conftest import Charts

KEYS = {
    "ANON_KEY": "the.anon.key",
    "SERVICE_ROLE_KEY": "the.service.key",
    "DASHBOARD_USERNAME": "supabase",
    "DASHBOARD_PASSWORD": 'quote" slash\\ dollar$ percent%',
}
PASSWORD = b64encode("{DASHBOARD_USERNAME}:{DASHBOARD_PASSWORD}".format(**KEYS).encode()).decode()

OPEN = {"/auth/v1/.well-known/jwks.json", "/storage/v1/status"}
CLOSED = {"/mcp", "/api/mcp"}
SERVICE_ONLY = {"/rest/v1/", "/pg/schemas"}


def status(path: str, key: str | None, authorization: str | None) -> int:
    """What a healthy gateway answers."""
    if path in CLOSED:
        return 403
    if path in OPEN:
        return 200
    if path == "/storage/v1/bucket":
        return 200 if authorization == f"Bearer {KEYS['SERVICE_ROLE_KEY']}" else 400
    if path in {"/", "/project/default"}:
        return 401 if authorization != f"Basic {PASSWORD}" else 307 if path == "/" else 200
    if key not in {KEYS["ANON_KEY"], KEYS["SERVICE_ROLE_KEY"]}:
        return 401
    return 403 if path in SERVICE_ONLY and key == KEYS["ANON_KEY"] else 200


class Gateway(ThreadingHTTPServer):
    """Answers as ours does; a path in `wrong` first gives another status, so many times."""

    def __init__(self, wrong: dict[str, tuple[int, int]] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.wrong = wrong or {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Gateway

    def do_GET(self) -> None:
        code = status(self.path, self.headers.get("apikey"), self.headers.get("authorization"))
        wrong, times = self.server.wrong.get(self.path, (0, 0))
        if times:
            self.server.wrong[self.path] = (wrong, times - 1)
            code = wrong
        self.send_response(code)
        if code == 307:
            self.send_header("Location", "/project/default")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # As http.server has it.
        pass


@contextmanager
def serving(wrong: dict[str, tuple[int, int]] | None = None) -> Iterator[str]:
    with Gateway(wrong) as gateway:
        Thread(target=gateway.serve_forever, daemon=True).start()
        yield gateway.url
        gateway.shutdown()


def ask(
    script: list[str], url: str, **environment: str
) -> tuple[int, list[dict[str, Any]], dict[str, Any]]:
    """Run the script; its exit code, its checks and its summary."""
    done = subprocess.run(
        script,
        env={"PATH": os.environ["PATH"], "GATEWAY_URL": url, "SMOKE_DEADLINE": "0", **KEYS}
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    *checks, summary = map(json.loads, done.stdout.splitlines())
    return done.returncode, checks, summary


@pytest.fixture(scope="module")
def script(charts: Charts) -> list[str]:
    """The command of the Job, as Kubernetes would run it."""
    container = charts.render("supabase").pods()["supabase-smoke"]["containers"][0]
    return [*container["command"], *container["args"]]


def test_a_healthy_gateway_passes_each_check(script: list[str]) -> None:
    with serving() as url:
        code, checks, summary = ask(script, url)

    assert [check for check in checks if not check["ok"]] == []
    assert (code, summary) == (0, {"ok": True, "checks": len(checks), "passed": len(checks)})
    assert {tuple(check) for check in checks} == {("check", "ok", "expected", "got")}


@pytest.mark.parametrize(
    ("path", "code", "names"),
    [
        ("/auth/v1/.well-known/jwks.json", 401, ["auth-keys-are-public"]),
        ("/storage/v1/bucket", 400, ["storage-as-service"]),
        ("/mcp", 200, ["mcp-is-closed"]),
        ("/project/default", 500, ["studio-with-password"]),
        ("/pg/schemas", 200, ["meta-is-not-for-anon", "meta-without-key"]),
        ("/auth/v1/health", 200, ["auth-without-key", "auth-with-wrong-key"]),
        ("/rest/v1/", 401, ["rest-as-service"]),
    ],
)
def test_a_wrong_answer_is_named(script: list[str], path: str, code: int, names: list[str]) -> None:
    with serving({path: (code, 1000)}) as url:
        exit_code, checks, summary = ask(script, url)

    wrong = [check for check in checks if not check["ok"]]
    assert [check["check"] for check in wrong] == names
    assert {check["got"] for check in wrong} == {str(code)}
    assert exit_code == 1
    assert summary["passed"] == summary["checks"] - len(names)


def test_a_gateway_that_becomes_ready_in_time_passes(script: list[str]) -> None:
    with serving({"/auth/v1/health": (503, 1)}) as url:
        code, _, summary = ask(script, url, SMOKE_DEADLINE="30")

    assert (code, summary["ok"]) == (0, True)


def test_nobody_at_the_address_fails_each_check(script: list[str]) -> None:
    code, checks, summary = ask(script, "http://127.0.0.1:1")

    assert {check["got"] for check in checks} == {"000"}
    assert (code, summary["passed"]) == (1, 0)


def test_another_key_than_the_gateways_is_noticed(script: list[str]) -> None:
    with serving() as url:
        code, checks, _ = ask(script, url, SERVICE_ROLE_KEY="of.another.secret")

    wrong = {check["check"] for check in checks if not check["ok"]}
    assert code == 1
    assert wrong == {"rest-as-service", "storage-as-service", "meta-as-service"}


def test_the_job_is_a_test_of_the_release_and_tries_once(charts: Charts) -> None:
    job = charts.render("supabase", {"smoke": {"deadline": 30}}).kind("Job")["supabase-smoke"]

    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["activeDeadlineSeconds"] > 30


def test_kubernetes_leaves_the_script_as_it_is(script: list[str], charts: Charts) -> None:
    names = {
        entry["name"]
        for entry in charts.render("supabase").pods()["supabase-smoke"]["containers"][0]["env"]
    }

    assert "$$" not in script[-1]
    assert not [name for name in names if f"$({name})" in script[-1]]
