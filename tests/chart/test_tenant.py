"""The program that tells Realtime of its tenant, against a server that stands for it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest

from tests.chart.conftest import PROJECT, Charts

PROGRAM = PROJECT / "charts" / "supabase" / "files" / "realtime" / "tenant.py"
SECRET = "0123456789abcdef0123456789abcdef"
PASSWORD = "of-supabase-admin"


class Realtime(ThreadingHTTPServer):
    """Answers a PUT with the next of these statuses; the last one stays."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.statuses = list(statuses)
        self.shown: dict[str, Any] | None = None  # The tenant as it was told last.
        self.told: list[tuple[str, dict[str, Any]]] = []


class Answer(BaseHTTPRequestHandler):
    server: Realtime

    def do_GET(self) -> None:
        shown = self.server.shown
        if self.path != "/healthcheck" and shown is None:
            self.reply(404)
        else:
            self.reply(200, {"data": shown} if shown and self.path != "/healthcheck" else "ok")

    def do_PUT(self) -> None:
        token = self.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
        assert claims["exp"] > claims["iat"]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, body["tenant"]))
        statuses = self.server.statuses
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        if status in (200, 201):
            self.server.shown = without_secrets(body["tenant"])
        self.reply(status)

    def reply(self, status: int, body: Any = None) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: object) -> None:
        pass


def without_secrets(tenant: dict[str, Any]) -> dict[str, Any]:
    """As Realtime shows a tenant: parts of it sealed, parts of it not at all."""
    (extension,) = tenant["extensions"]
    settings = extension["settings"] | {"db_host": "c2VhbGVk"}
    del settings["db_password"]
    return {"external_id": tenant["external_id"], "extensions": [{"settings": settings}]}


@contextmanager
def realtime(*statuses: int) -> Iterator[Realtime]:
    with Realtime(*statuses) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def run(port: int, **more: str) -> "subprocess.CompletedProcess[str]":
    env = {
        "PATH": os.environ["PATH"],
        "REALTIME_URL": f"http://127.0.0.1:{port}",
        "TENANT": "realtime-dev",
        "JWT_SECRET": SECRET,
        "JWT_JWKS": '{"keys": [{"kty": "oct"}]}',
        "DB_HOST": "pg.example.com",
        "DB_PORT": "5432",
        "DB_NAME": "supabase",
        "DB_USER": "supabase_admin_1",
        "DB_PASSWORD": PASSWORD,
        "DB_SSL": "true",
        "MAX_CLIENTS": "10000",
        "MAX_CHANNELS": "100",
        "MAX_JOINS": "500",
        "MAX_EVENTS": "1000",
        "MAX_BYTES": "10000000",
        "REVISION": "one",
        "DEADLINE": "60",
    }
    return subprocess.run(
        [sys.executable, str(PROGRAM)],
        env=env | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tenant_is_the_projects_database_over_tls() -> None:
    with realtime(201) as server:
        done = run(server.server_port)

    assert (done.returncode, done.stdout) == (0, "tenant realtime-dev: made\n")
    (path, tenant), *more = server.told
    assert (path, more) == ("/api/tenants/realtime-dev", [])
    settings = tenant["extensions"][0]["settings"]
    assert settings["ssl_enforced"] is True
    assert settings["db_user"] == "supabase_admin_1"
    assert settings["db_password"] == PASSWORD
    assert tenant["jwt_jwks"] == {"keys": [{"kty": "oct"}]}


def test_limits_are_those_of_the_values(charts: Charts) -> None:
    with realtime(201) as server:
        run(server.server_port, MAX_CLIENTS="7", MAX_BYTES="9")
    limits = {"clients": 7, "bytesPerSecond": 9}
    job = charts.render("supabase", {"realtime": {"limits": limits}}).pods()

    (container,) = job["supabase-realtime-tenant"]["containers"]
    settings = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert (settings["MAX_CLIENTS"], settings["MAX_BYTES"]) == ("7", "9")
    (_, tenant), *_ = server.told
    assert (tenant["max_concurrent_users"], tenant["max_bytes_per_second"]) == (7, 9)
    assert tenant["max_joins_per_second"] == 500


def test_a_tenant_as_wanted_is_left_alone_with_its_clients() -> None:
    with realtime(201) as server:
        run(server.server_port)
        again = run(server.server_port)

    assert (again.returncode, again.stdout) == (0, "tenant realtime-dev: as wanted\n")
    assert len(server.told) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"MAX_CLIENTS": "20"},
        {"DB_USER": "supabase_admin_2", "DB_PASSWORD": "another"},
        {"REVISION": "two"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_wish_is_told(change: dict[str, str]) -> None:
    with realtime(201, 200) as server:
        run(server.server_port)
        again = run(server.server_port, **change)

    assert (again.returncode, again.stdout) == (0, "tenant realtime-dev: changed\n")
    assert len(server.told) == 2


def test_a_realtime_that_is_not_ready_is_asked_again() -> None:
    with realtime(500, 200) as server:
        done = run(server.server_port)

    assert (done.returncode, len(server.told)) == (0, 2)


@pytest.mark.parametrize(("status", "words"), [(403, "our token"), (422, "refuses the tenant")])
def test_a_refusal_is_told_at_once_and_without_a_secret(status: int, words: str) -> None:
    with realtime(status) as server:
        done = run(server.server_port)

    assert (done.returncode, len(server.told)) == (1, 1)
    assert words in done.stdout
    assert "Next: " in done.stdout
    assert SECRET not in done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr


def test_nobody_there_is_told_after_the_deadline() -> None:
    done = run(1, DEADLINE="0")

    assert done.returncode == 1
    assert "last answer 0" in done.stdout


def test_the_job_follows_the_release_and_only_where_realtime_is_on(charts: Charts) -> None:
    job = charts.render("supabase").kind("Job")["supabase-realtime-tenant"]
    without = charts.render("supabase", {"components": {"realtime": {"enabled": False}}})

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert "supabase-realtime-tenant" not in without.kind("Job")
    assert "supabase-tenant" not in without.kind("NetworkPolicy")
