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
        self.told: list[tuple[str, dict[str, Any]]] = []


class Answer(BaseHTTPRequestHandler):
    server: Realtime

    def do_GET(self) -> None:
        self.reply(200 if self.path == "/healthcheck" else 404)

    def do_PUT(self) -> None:
        token = self.headers["Authorization"].removeprefix("Bearer ")
        claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False})
        assert claims["exp"] > claims["iat"]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.told.append((self.path, body["tenant"]))
        statuses = self.server.statuses
        self.reply(statuses.pop(0) if len(statuses) > 1 else statuses[0])

    def reply(self, status: int) -> None:
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


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
        "DB_PASSWORD": PASSWORD,
        "DB_SSL": "true",
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
    assert settings["db_user"] == "supabase_admin"
    assert settings["db_password"] == PASSWORD
    assert tenant["jwt_jwks"] == {"keys": [{"kty": "oct"}]}


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
