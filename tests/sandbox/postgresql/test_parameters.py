"""Server parameters: what Azure's interface says is what PostgreSQL does."""

import httpx
import psycopg
import pytest

from tests.sandbox.postgresql.conftest import Server

# Azure's own, without a view of them in `pg_settings`.
ELSEWHERE = {
    "azure.extensions",
    "cron.database_name",
    "pgbouncer.enabled",
    "require_secure_transport",
}
PENDING = "SELECT pending_restart FROM pg_settings WHERE name = '{}'"


def test_a_dynamic_parameter_holds_at_once_for_new_and_open_sessions(server: Server) -> None:
    with server.connect() as session:
        server.set("idle_in_transaction_session_timeout", "61000")

        assert server.ask("SHOW idle_in_transaction_session_timeout") == "61s"
        row = session.execute("SHOW idle_in_transaction_session_timeout").fetchone()
        assert row == ("61s",)
    assert server.parameter("idle_in_transaction_session_timeout")["source"] == "user-override"


@pytest.mark.parametrize(
    ("name", "value", "before"),
    [("wal_level", "logical", "replica"), ("max_replication_slots", "20", "10")],
)
def test_a_static_parameter_waits_for_a_restart_through_azure(
    server: Server, name: str, value: str, before: str
) -> None:
    server.set(name, value)

    assert server.ask(f"SHOW {name}") == before
    assert server.ask(PENDING.format(name)) is True
    assert server.parameter(name)["isConfigPendingRestart"] is True
    server.act("restart")
    assert server.ask(f"SHOW {name}") == value
    assert server.ask(PENDING.format(name)) is False
    assert server.parameter(name)["isConfigPendingRestart"] is False


def test_a_static_parameter_set_back_waits_for_nothing(server: Server) -> None:
    before = server.parameter("max_worker_processes")["value"]
    server.set("max_worker_processes", "12")

    server.set("max_worker_processes", before)

    assert server.parameter("max_worker_processes")["isConfigPendingRestart"] is False
    assert server.ask(PENDING.format("max_worker_processes")) is False


def test_libraries_that_this_engine_lacks_do_not_keep_it_from_starting(server: Server) -> None:
    server.set("shared_preload_libraries", "pg_cron,pg_stat_statements,wal2json,auto_explain")
    server.act("restart")

    assert server.ask("SHOW shared_preload_libraries") == "pg_stat_statements,auto_explain"


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("wal_level", "minimal", httpx.codes.BAD_REQUEST),
        ("statement_timeout", "soon", httpx.codes.BAD_REQUEST),
        ("statement_timeout", "-5", httpx.codes.BAD_REQUEST),
        ("block_size", "4096", httpx.codes.BAD_REQUEST),
        ("no_such_parameter", "1", httpx.codes.NOT_FOUND),
    ],
)
def test_what_is_unknown_fixed_or_out_of_range_is_refused(
    server: Server, name: str, value: str, status: int
) -> None:
    assert server.set(name, value).status_code == status


def test_every_parameter_of_azure_has_the_value_that_the_engine_shows(server: Server) -> None:
    found = server.lab.arm("GET", f"{server.id}/configurations").json()["value"]
    stated = {one["name"]: one["properties"]["value"].lower() for one in found}
    with server.connect() as session:
        rows = session.execute("SELECT name, reset_val FROM pg_settings").fetchall()
    shown = {name.lower(): (value or "").lower() for name, value in rows}

    assert stated.keys() - shown.keys() <= ELSEWHERE
    both = (stated.keys() & shown.keys()) - {"shared_preload_libraries"}
    assert {name: shown[name] for name in both} == {name: stated[name] for name in both}


def test_logical_replication_works_once_it_is_switched_on(server: Server) -> None:
    server.set("wal_level", "logical")
    server.act("restart")

    with server.connect() as session:
        session.execute("SELECT pg_create_logical_replication_slot('slot', 'pgoutput')")
        session.execute("SELECT pg_drop_replication_slot('slot')")
        session.execute("CREATE PUBLICATION realtime")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("CREATE PUBLICATION everything FOR ALL TABLES")
