"""A server from its first connection to its deletion, over stops, restarts and a kill."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.sandbox.postgresql.conftest import Lab, Server, eventually

NEW = "Other-Horse-10"


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A sandbox that a test may kill."""
    return Lab(tmp_path_factory.mktemp("life").resolve() / "sandbox")


def test_no_process_runs_before_somebody_connects(lab: Lab) -> None:
    server = lab.new_server("lab-idle")
    before = server.processes()

    server.ask("SELECT 1")

    assert (before, len(server.processes())) == ([], 1)


def test_a_new_password_holds_at_once_and_open_sessions_go_on(server: Server) -> None:
    with server.connect() as session:
        server.change(administratorLoginPassword=NEW)

        assert server.ask("SELECT 1", password=NEW) == 1
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            server.connect()
        assert session.execute("SELECT 2").fetchone() == (2,)
    server.change(administratorLoginPassword="Correct-Horse-9")


def test_a_restart_ends_sessions_and_keeps_data(server: Server) -> None:
    server.run("CREATE TABLE kept AS SELECT 7 AS number")
    session = server.connect()

    server.act("restart")

    def ended() -> bool:
        try:
            session.execute("SELECT 1")
        except psycopg.OperationalError:
            return True
        return False

    eventually(ended)
    assert server.ask("SELECT number FROM kept") == 7


def test_a_stopped_server_takes_no_connections_and_no_changes_until_it_is_started(
    server: Server,
) -> None:
    server.ask("SELECT 1")

    server.act("stop")

    assert server.refusal("aks").endswith("takes no connections: the server is stopped.")
    eventually(lambda: not server.processes())
    assert server.lab.arm("GET", server.id).json()["properties"]["state"] == "Stopped"
    assert server.set("statement_timeout", "1").json()["error"]["code"] == "ServerIsStopped"
    server.act("start")
    assert server.ask("SELECT 1") == 1


def test_a_deleted_server_leaves_no_process_and_no_data(lab: Lab) -> None:
    server = lab.new_server("lab-gone")
    server.run("CREATE TABLE old ()")

    lab.arm("DELETE", server.id)

    eventually(lambda: not server.processes())
    eventually(lambda: not list((lab.state / "postgresql").glob("lab-gone-*")))
    again = lab.new_server("lab-gone")
    assert again.ask("SELECT to_regclass('old')") is None


def test_data_survive_the_sandbox_when_it_stops_and_when_it_is_killed(own: Lab) -> None:
    own.up()
    try:
        own.build()
        server = own.new_server("lab-long")
        server.run("CREATE TABLE kept AS SELECT 1 AS number")

        own.down()

        eventually(lambda: not server.processes())
        own.up()
        assert server.ask("SELECT number FROM kept") == 1
        server.run("INSERT INTO kept VALUES (2)")
        pid = int((own.state / "running.json").read_text().partition('"pid": ')[2].split(",")[0])

        os.kill(pid, signal.SIGKILL)

        eventually(lambda: not server.processes())
        own.up()
        assert server.ask("SELECT count(*) FROM kept") == 2
    finally:
        own.down()
        own.tunnels.close()


def test_without_an_engine_a_connection_is_refused_with_what_helps(
    own: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_POSTGRESQL", str(tmp_path))
    own.up()
    try:
        own.build()
        server = own.new_server("lab-none")

        assert server.refusal("aks") == (
            f"HTTP/1.1 403 SANDBOX_POSTGRESQL names {tmp_path}, "
            "which has no PostgreSQL 16 or newer."
        )
        assert server.lab.arm("GET", server.id).json()["properties"]["state"] == "Ready"
    finally:
        own.down()
        own.tunnels.close()


def test_connections_that_race_with_a_stop_leave_nothing_running(lab: Lab) -> None:
    server = lab.new_server("lab-race")
    server.ask("SELECT 1")

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(server.ask, "SELECT 1") for _ in range(16)]
        server.act("stop")
    for one in waiting:
        assert one.exception() is None or isinstance(one.exception(), psycopg.OperationalError)

    eventually(lambda: not server.processes())
    server.act("start")
    assert server.ask("SELECT 1") == 1
