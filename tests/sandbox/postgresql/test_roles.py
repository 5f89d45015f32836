"""What Azure's administrator may, and what only Microsoft may."""

from typing import Any

import psycopg
import pytest

from tests.sandbox.postgresql.conftest import LOGIN, Server


def test_the_administrator_has_the_attributes_that_azure_gives_and_is_no_superuser(
    server: Server,
) -> None:
    with server.connect() as session:
        row = session.execute(
            "SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
            " rolbypassrls, pg_has_role(rolname, 'azure_pg_admin', 'USAGE')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()

    assert row == (False, True, True, True, True, True, True, True)


def test_before_version_16_the_administrator_makes_no_role_that_bypasses_row_security(
    server: Server,
) -> None:
    older = server.lab.new_server("lab-fifteen", version="15")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        older.run("CREATE ROLE service_role NOLOGIN BYPASSRLS")


@pytest.mark.parametrize(
    ("database", "owner"),
    [
        ("postgres", "azure_pg_admin"),
        ("template1", "azure_pg_admin"),
        ("azure_sys", "azuresu"),
        ("azure_maintenance", "azuresu"),
    ],
)
def test_the_databases_of_the_service_have_the_owners_of_azure(
    server: Server, database: str, owner: str
) -> None:
    found = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{}'"

    assert server.ask(found.format(database)) == owner


def test_a_database_of_the_interface_belongs_to_the_administrator(server: Server) -> None:
    server.lab.make(f"{server.id}/databases/app", {"properties": {}})

    with server.connect(dbname="app") as session:
        rows = session.execute(
            "SELECT pg_get_userbyid(datdba), pg_get_userbyid(nspowner)"
            " FROM pg_database, pg_namespace WHERE datname = 'app' AND nspname = 'public'"
        ).fetchall()
    assert rows == [(LOGIN, "azure_pg_admin")]
    server.lab.arm("DELETE", f"{server.id}/databases/app")
    with pytest.raises(psycopg.OperationalError, match='database "app" does not exist'):
        server.connect(dbname="app")


@pytest.mark.parametrize("collation", ["C", "de_DE.utf8"])
def test_a_database_may_have_another_collation(server: Server, collation: str) -> None:
    name = f"in_{collation[:1].lower()}"

    server.lab.make(f"{server.id}/databases/{name}", {"properties": {"collation": collation}})

    assert server.ask("SELECT 'a' < 'B'", dbname=name) == (collation != "C")


def test_a_database_that_the_engine_refuses_has_failed_in_azure_too(server: Server) -> None:
    answer = server.lab.arm(
        "PUT", f"{server.id}/databases/odd", {"properties": {"charset": "KLINGON"}}
    )

    server.ask("SELECT 1")

    operation = poll(server, answer.headers["Azure-AsyncOperation"])
    assert operation["status"] == "Failed"
    assert "KLINGON" in operation["error"]["message"]
    server.lab.arm("DELETE", f"{server.id}/databases/odd")


def poll(server: Server, address: str) -> Any:
    """The operation behind a polling address."""
    return server.lab.arm("GET", address.partition("azure.com")[2].partition("?")[0]).json()


@pytest.mark.parametrize(
    "statement",
    [
        "GRANT reader TO azure_pg_admin",
        "grant reader\n to /* those */ azure_pg_admin with admin option",
        'GRANT reader TO "azure_pg_admin"',
        "ALTER ROLE azure_pg_admin LOGIN",
        "DROP ROLE azure_pg_admin",
    ],
)
@pytest.mark.parametrize("prepared", [False, True])
def test_the_role_of_all_administrators_cannot_be_changed(
    server: Server, statement: str, prepared: bool
) -> None:
    with server.connect() as session:
        session.execute("DROP ROLE IF EXISTS reader")
        session.execute("CREATE ROLE reader")

        with pytest.raises(psycopg.errors.InsufficientPrivilege) as refusal:
            session.execute(statement, prepare=prepared)

        expected = 'permission denied to alter restricted role "azure_pg_admin"'
        assert refusal.value.diag.message_primary == expected
        assert session.execute("SELECT 1").fetchone() == (1,)


def test_what_only_names_that_role_is_left_alone(server: Server) -> None:
    server.run(
        "CREATE TABLE shared (grant_to text)",
        "GRANT SELECT ON shared TO azure_pg_admin",
        "INSERT INTO shared VALUES ('grant a to b; azure_pg_admin')",
        "DROP TABLE shared",
        "CREATE ROLE second LOGIN CREATEROLE",
        "GRANT azure_pg_admin TO second",
        "DROP ROLE second",
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        (
            "CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION azure_guard_extensions()",
            'permission denied to create event trigger "et"',
        ),
        ("ALTER SYSTEM SET work_mem = '1MB'", 'permission denied to set parameter "work_mem"'),
        ("SELECT * FROM pg_authid", "permission denied for table pg_authid"),
        ("ALTER ROLE CURRENT_USER SUPERUSER", "permission denied to alter role"),
        ("GRANT pg_write_all_data TO other", 'permission denied to grant role "pg_write_all_data"'),
        ("COPY (SELECT 1) TO PROGRAM 'true'", "permission denied to COPY to or from an external"),
        ("ALTER EVENT TRIGGER azure_extensions_end DISABLE", "must be owner of event trigger"),
    ],
)
def test_what_takes_a_superuser_is_denied(server: Server, statement: str, message: str) -> None:
    server.run("DROP ROLE IF EXISTS other", "CREATE ROLE other")

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=message):
        server.run(statement)


def test_the_maintenance_database_lets_nobody_in(server: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects connection"):
        server.connect(dbname="azure_maintenance")


def test_a_role_that_reads_all_data_can_be_made(server: Server) -> None:
    server.run("CREATE ROLE auditor", "GRANT pg_read_all_data TO auditor", "DROP ROLE auditor")
