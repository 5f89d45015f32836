"""The job of `helm test`; what it asks is tried on whole platforms by the tests of the sandbox."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest

from tests.chart.conftest import PROJECT, Charts, Rendering

PROGRAM = PROJECT / "charts" / "supabase" / "files" / "test"
KEYS = {
    "ANON_KEY": "the.anon.key",
    "SERVICE_ROLE_KEY": "the.service.key",
    "PUBLISHABLE_KEY": "sb_publishable_x",
    "SECRET_KEY": "sb_secret_x",
    "DASHBOARD_USERNAME": "supabase",
    "DASHBOARD_PASSWORD": "secret words",
}


@pytest.fixture(scope="module")
def rendering(charts: Charts) -> Rendering:
    return charts.render("supabase", {"test": {"deadline": 30}})


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The program as a module, with its own folder on the path as Python puts it there."""
    monkeypatch.syspath_prepend(str(PROGRAM))
    spec = importlib.util.spec_from_file_location("release_test", PROGRAM / "__main__.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    for name in ("client", "retired", "supabase"):
        sys.modules.pop(name, None)


class Platform(ThreadingHTTPServer):
    """A gateway that remembers what it was asked, and answers to all: well done."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[str] = []
        self.told: list[tuple[str, dict[str, str]]] = []
        self.held = ""  # A question that is never answered,
        self.arrived = Event()  # and whether it has come.
        self.closing = Event()

    @property
    def environment(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.server_port}"
        return {"GATEWAY_URL": address, "PARTS": "", "TEST_DEADLINE": "0", **KEYS}


class Answer(BaseHTTPRequestHandler):
    server: Platform

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="ignore")
        question = f"{self.command} {self.path} {body}"
        self.server.asked.append(question)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.told.append((self.path, headers))
        if self.server.held and self.server.held in question:
            self.server.arrived.set()
            self.server.closing.wait(60)
            return
        content = b'{"id": "0", "users": []}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer  # noqa: N815 # As http.server has it.

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.closing.set()
        server.shutdown()


def start(platform: Platform, **changed: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-B", str(PROGRAM)],
        env={**platform.environment, **changed},
        stdout=subprocess.PIPE,
        text=True,
    )


def made(platform: Platform) -> set[str]:
    """The names of what a run has touched."""
    return set(re.findall(r"helm[_-]test[_-]?\w*", " ".join(platform.asked)))


REMOVALS = ("DELETE /storage/v1/bucket/", "DELETE /auth/v1/admin/users/0", "drop table if exists")


def run(url: str) -> tuple[int, list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, "-B", str(PROGRAM)],
        env={
            "GATEWAY_URL": url,
            "PARTS": "realtime studio",
            "TEST_DEADLINE": "0",
            "WRITES": "true",
            **KEYS,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stdout


def test_the_job_is_a_test_of_the_release_and_tries_once(rendering: Rendering) -> None:
    job = rendering.kind("Job")["supabase-test"]

    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "test",
        "helm.sh/hook-delete-policy": "before-hook-creation",
    }
    assert job["spec"]["backoffLimit"] == 0
    assert job["spec"]["activeDeadlineSeconds"] > 30


def test_a_client_is_asked_for_before_the_database_is_looked_at(rendering: Rendering) -> None:
    """Helm goes by weight, and stops at the first test that fails."""
    jobs = rendering.kind("Job")
    weights = {
        name: int(jobs[name]["metadata"]["annotations"].get("helm.sh/hook-weight", 0))
        for name in ("supabase-test", "supabase-database-verify")
    }

    assert weights["supabase-test"] < weights["supabase-database-verify"]


def test_the_job_runs_the_program_as_it_stands_here(rendering: Rendering) -> None:
    (container,) = rendering.pods()["supabase-test"]["containers"]
    (mount,) = container["volumeMounts"]

    assert container["command"] == ["python3", mount["mountPath"]]
    for path in PROGRAM.glob("*.py"):
        assert rendering.files("supabase-test")[path.name].strip() == path.read_text().strip()
    assert mount["mountPath"] not in "".join(rendering.files("supabase-test").values())


def test_the_program_needs_nothing_but_python() -> None:
    own = {path.stem for path in PROGRAM.glob("*.py")}
    text = "".join(path.read_text() for path in PROGRAM.glob("*.py"))
    lines = [line.split() for line in text.splitlines() if line.startswith(("import ", "from "))]

    assert {words[1].partition(".")[0] for words in lines} <= sys.stdlib_module_names | own


def test_the_parts_that_are_off_are_not_asked(charts: Charts) -> None:
    off = {"enabled": False}
    rendering = charts.render("supabase", {"components": {"realtime": off, "functions": off}})

    (container,) = rendering.pods()["supabase-test"]["containers"]
    settings = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert not {"realtime", "functions"} & set(str(settings["PARTS"]).split())


def test_nobody_at_the_address_fails_each_check_and_no_key_is_told() -> None:
    code, (*checks, summary), text = run("http://127.0.0.1:1")

    assert not any(check["ok"] for check in checks)
    reasons = (
        "ConnectionRefusedError",
        "HTTPException: there is no token",
        "HTTPException: no add",
    )
    assert all(check["got"].startswith(reasons) for check in checks)
    assert {tuple(check) for check in checks} == {("check", "ok", "expected", "got")}
    assert (code, summary) == (1, {"ok": False, "checks": len(checks), "passed": 0})
    assert not any(key in text for key in KEYS.values() if key != "supabase")


def test_a_check_is_asked_until_it_is_right(
    program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = iter(("503", "404", "200"))

    held = program.hold(("ready", "200", lambda: next(answers)), time.monotonic() + 60)

    assert held
    assert json.loads(capsys.readouterr().out)["got"] == "200"


@pytest.mark.parametrize(
    ("wanted", "got", "right"),
    [("401|403", "403", True), ("4??", "404", True), ("200", "2000", False)],
)
def test_several_answers_may_be_right(
    program: ModuleType, wanted: str, got: str, *, right: bool
) -> None:
    assert program.hold(("check", wanted, lambda: got), time.monotonic()) is right


def test_a_proxy_of_the_environment_is_used(
    program: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert program
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    client = sys.modules["client"]

    direct = client.connect("http://gateway:8000/")
    monkeypatch.setenv("http_proxy", "http://me;there:token@127.0.0.1:3128")
    through = client.connect("http://gateway:8000/")

    assert (direct.host, direct.port) == ("gateway", 8000)
    assert (through.host, through.port) == ("127.0.0.1", 3128)


def test_each_run_touches_only_what_has_its_own_name(platform: Platform) -> None:
    names = []
    for _ in range(2):
        platform.asked.clear()
        start(platform, WRITES="true").communicate(timeout=60)
        names.append({name.replace("-", "_") for name in made(platform)})

    (first,), (second,) = names
    assert first != second
    assert re.fullmatch(r"helm_test_[0-9a-f]{12}", first)


def test_a_run_that_is_stopped_takes_away_what_it_made(platform: Platform) -> None:
    platform.held = "GET /storage/v1/object/authenticated"

    program = start(platform, WRITES="true")
    assert platform.arrived.wait(60)
    before = len(platform.asked)
    program.terminate()
    out, _ = program.communicate(timeout=60)

    after = " ".join(platform.asked[before:])
    assert all(removal in after for removal in REMOVALS)
    lines = [json.loads(line) for line in out.splitlines()]
    assert {"check": "time", "ok": False} in [
        {name: line.get(name) for name in ("check", "ok")} for line in lines
    ]
    assert program.returncode == 1


def test_where_nothing_may_be_written_nothing_is(charts: Charts, platform: Platform) -> None:
    job = charts.render("supabase", {"test": {"writes": False}}).pods()["supabase-test"]
    told = {one["name"]: one.get("value") for one in job["containers"][0]["env"]}

    start(platform, WRITES=str(told["WRITES"])).communicate(timeout=60)

    assert {question.partition(" ")[0] for question in platform.asked} == {"GET"}
    assert len(platform.asked) > 10


# --- What was valid once ------------------------------------------------------------------------

RETIRED = {
    "anon-key": "old.legacy.key",
    "secret-key": "sb_secret_old",
    "jwt-set": "token.of.an-old-key",
    "supabase-storage-creds": "old-identity:old-secret",
}


def retired(platform: Platform) -> tuple[dict[str, dict[str, Any]], str]:
    """The checks of what is retired, by name, and all that the program said."""
    url = f"http://127.0.0.1:{platform.server_port}"
    program = start(
        platform, WRITES="false", RETIRED=json.dumps(RETIRED), S3_URL=url, PARTS="functions"
    )
    out, _ = program.communicate(timeout=60)
    checks = [json.loads(line) for line in out.splitlines()]
    return {check["check"]: check for check in checks if "retired" in check.get("check", "")}, out


def test_whatever_is_retired_is_shown_where_it_counted_and_has_to_be_refused(
    platform: Platform,
) -> None:
    checks, _ = retired(platform)

    assert {name: check["expected"] for name, check in checks.items()} == {
        "retired-anon-key-is-refused": "401",
        "retired-secret-key-is-refused": "401",
        "retired-supabase-storage-creds-are-refused": "403 InvalidAccessKeyId",
        "token-of-retired-jwt-set-reaches-no-table": "401",
        "token-of-retired-jwt-set-runs-no-function": "401",
    }
    assert not any(check["ok"] for check in checks.values())  # This platform refuses nothing.
    shown = [headers for _, headers in platform.told]
    assert {"old.legacy.key", "sb_secret_old"} <= {headers.get("apikey") for headers in shown}
    given = [str(headers.get("authorization")) for headers in shown]
    assert given.count("Bearer token.of.an-old-key") == len(("table", "function"))
    assert any("Credential=old-identity/" in one for one in given)


def test_no_retired_value_is_told_and_no_secret_of_an_identity_is_sent(platform: Platform) -> None:
    _, out = retired(platform)

    assert not [value for value in RETIRED.values() if value in out]
    assert "old-secret" not in json.dumps(platform.told)


def test_with_nothing_retired_there_is_nothing_to_ask(platform: Platform) -> None:
    for nothing in ("", "{}"):
        out, _ = start(platform, WRITES="false", RETIRED=nothing).communicate(timeout=60)
        assert "retired" not in out
