"""`azure.extensions`, enforced."""

import psycopg
import pytest

from tests.sandbox.postgresql.conftest import Server

REFUSAL = (
    'extension "{}" is not allow-listed for "azure_pg_admin" users in Azure Database for PostgreSQL'
)


@pytest.fixture(autouse=True)
def allowed(server: Server) -> None:
    """Every test begins with the same allow-list."""
    server.set("azure.extensions", "PGCRYPTO,PG_STAT_STATEMENTS,VECTOR,POSTGRES_FDW")


def test_an_extension_that_is_allowed_is_made_by_the_administrator(server: Server) -> None:
    server.run("CREATE EXTENSION IF NOT EXISTS pgcrypto")

    assert server.ask("SELECT length(gen_salt('bf'))") > 0


def test_an_extension_that_takes_a_superuser_elsewhere_does_not_here(server: Server) -> None:
    server.run("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    assert server.ask("SELECT count(*) FROM pg_stat_statements") > 0


@pytest.mark.parametrize("name", ["hstore", "uuid-ossp", "pg_net", "plperlu"])
def test_an_extension_that_is_not_allowed_is_refused_in_azures_words(
    server: Server, name: str
) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        server.run(f'CREATE EXTENSION "{name}"')

    assert refusal.value.diag.message_primary == REFUSAL.format(name)


def test_a_statement_that_is_put_together_at_run_time_does_not_get_around_it(
    server: Server,
) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        server.run("DO $$BEGIN EXECUTE 'CREATE EXTEN' || 'SION hstore'; END$$")

    assert refusal.value.diag.message_primary == REFUSAL.format("hstore")
    assert server.ask("SELECT count(*) FROM pg_extension WHERE extname = 'hstore'") == 0


def test_a_session_cannot_allow_itself_an_extension(server: Server) -> None:
    with server.connect() as session:
        session.execute("SET azure.extensions = 'hstore'")

        with pytest.raises(psycopg.Error, match="not allow-listed"):
            session.execute("CREATE EXTENSION hstore")


@pytest.mark.parametrize("template", ["template0", "template1"])
def test_a_database_made_in_sql_has_the_same_guard(server: Server, template: str) -> None:
    name = f"made_from_{template}"
    server.run(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {template}")

    with pytest.raises(psycopg.Error, match="not allow-listed"):
        server.run("CREATE EXTENSION hstore", dbname=name)


def test_a_change_of_the_list_reaches_sessions_that_are_open(server: Server) -> None:
    with server.connect() as session:
        with pytest.raises(psycopg.Error):
            session.execute("CREATE EXTENSION citext")

        server.set("azure.extensions", "CITEXT")
        server.ask("SELECT 1")  # A new session meets the new list in any case.

        session.execute("CREATE EXTENSION citext")
        session.execute("DROP EXTENSION citext")


def test_an_extension_that_is_no_longer_allowed_cannot_be_dropped(server: Server) -> None:
    server.run("CREATE EXTENSION IF NOT EXISTS pgcrypto")
    server.set("azure.extensions", "CITEXT")

    with pytest.raises(psycopg.Error) as refusal:
        server.run("DROP EXTENSION pgcrypto")

    assert refusal.value.diag.message_primary == REFUSAL.format("pgcrypto")


@pytest.mark.parametrize("verb", ["CREATE", "DROP"])
def test_others_than_administrators_may_not_touch_extensions(server: Server, verb: str) -> None:
    server.run("DROP ROLE IF EXISTS app", "CREATE ROLE app LOGIN PASSWORD 'Plain-Horse-9'")

    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
        server.run(f"{verb} EXTENSION pgcrypto", user="app", password="Plain-Horse-9")

    expected = f'Only members of "azure_pg_admin" are allowed to use {verb} EXTENSION'
    assert refusal.value.diag.message_primary == expected


def test_an_extension_that_only_the_sandbox_lacks_says_so(server: Server) -> None:
    with pytest.raises(psycopg.Error, match="the PostgreSQL of this sandbox lacks it") as refusal:
        server.run("CREATE EXTENSION vector")

    assert "SANDBOX_POSTGRESQL" in str(refusal.value.diag.message_hint)


def test_the_administrator_uses_foreign_servers(server: Server) -> None:
    server.run(
        "CREATE EXTENSION IF NOT EXISTS postgres_fdw",
        "CREATE SERVER other FOREIGN DATA WRAPPER postgres_fdw",
        "DROP EXTENSION postgres_fdw CASCADE",
    )


def test_an_extension_stays_in_its_schema(server: Server) -> None:
    server.run(
        "CREATE SCHEMA IF NOT EXISTS extensions",
        "CREATE EXTENSION IF NOT EXISTS pgcrypto WITH SCHEMA public",
    )

    with pytest.raises(psycopg.Error, match="SET SCHEMA is not supported"):
        server.run("ALTER EXTENSION pgcrypto SET SCHEMA extensions")
