# ruff: noqa: S608  # The names in these queries come from the server's catalogues.
"""
Whatever the bootstrap has made, undone piece by piece: verify sees each piece.

What there is to undo is read from the catalogues, not from a list of ours: a grant that somebody
adds to a step and forgets in verify.sql shows here.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.database.conftest import ADMINISTRATOR, KEYS, PROJECT, STEPS, Lab

ROLES = """
  SELECT rolname FROM pg_roles WHERE rolname ~ '^(supabase|authenticator|postgres)_' OR rolname IN
    ('anon', 'authenticated', 'service_role', 'authenticator', 'postgres', 'dashboard_user')"""
ATTRIBUTES = ("LOGIN", "INHERIT", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
COLUMNS = (
    "rolcanlogin",
    "rolinherit",
    "rolcreatedb",
    "rolcreaterole",
    "rolreplication",
    "rolbypassrls",
)
OBJECTS = {"r": "TABLES", "S": "SEQUENCES", "f": "FUNCTIONS"}
SCHEMAS = (
    "('public', 'extensions', 'auth', 'storage', 'realtime', '_realtime', 'supabase_bootstrap')"
)
SYSTEM = "('azuresu', 'azure_pg_admin')"

Session = psycopg.Connection[Any]


def rows(session: Session, query: str) -> list[tuple[Any, ...]]:
    return session.execute(query.encode()).fetchall()


def attributes(session: Session) -> Iterator[str]:
    for name, *found in rows(
        session, f"SELECT rolname, {', '.join(COLUMNS)} FROM pg_roles WHERE rolname IN ({ROLES})"
    ):
        yield f"ALTER ROLE {name} RENAME TO something_else"
        yield f"ALTER ROLE {name} SUPERUSER"
        for attribute, given in zip(ATTRIBUTES, found, strict=True):
            yield f"ALTER ROLE {name} {'NO' if given else ''}{attribute}"


def memberships(session: Session) -> Iterator[str]:
    """Grants among the roles, and of built-in ones to them; their options, too."""
    query = f"""
      SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), pg_get_userbyid(grantor),
        inherit_option, set_option
      FROM pg_auth_members
      WHERE pg_get_userbyid(grantor) = '{ADMINISTRATOR}'
        AND (pg_get_userbyid(roleid) IN ({ROLES}) OR pg_get_userbyid(member) IN ({ROLES}))"""
    for role, member, grantor, inherits, becomes in rows(session, query):
        yield f"REVOKE {role} FROM {member} GRANTED BY {grantor} CASCADE"
        for option, given in (("INHERIT", inherits), ("SET", becomes)):
            wanted = "FALSE" if given else "TRUE"
            yield f"GRANT {role} TO {member} WITH {option} {wanted} GRANTED BY {grantor}"


def settings(session: Session) -> Iterator[str]:
    query = """
      SELECT pg_get_userbyid(setrole), split_part(entry, '=', 1)
      FROM pg_db_role_setting, unnest(setconfig) AS entry WHERE setdatabase = 0"""
    for role, setting in rows(session, query):
        yield f"ALTER ROLE {role} RESET {setting}"
        yield f"ALTER ROLE {role} SET {setting} = '1'"


def extensions(session: Session) -> Iterator[str]:
    query = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'"
    for (name,) in rows(session, query):
        yield f'DROP EXTENSION "{name}" CASCADE'
        yield f'ALTER EXTENSION "{name}" SET SCHEMA public'


def schemas(session: Session) -> Iterator[str]:
    query = f"SELECT nspname FROM pg_namespace WHERE nspname IN {SCHEMAS} AND nspname <> 'public'"
    for (name,) in rows(session, query):
        yield f"DROP SCHEMA {name} CASCADE"
        yield f"ALTER SCHEMA {name} OWNER TO azuresu"


def grants(session: Session) -> Iterator[str]:
    query = f"""
      SELECT nspname, privilege_type, pg_get_userbyid(grantee)
      FROM pg_namespace, aclexplode(nspacl)
      WHERE nspname IN {SCHEMAS} AND grantee <> nspowner AND grantee <> 0
        AND pg_get_userbyid(grantee) NOT IN {SYSTEM}"""
    for schema, privilege, grantee in rows(session, query):
        yield f"REVOKE {privilege} ON SCHEMA {schema} FROM {grantee} CASCADE"
    query = f"""
      SELECT datname, privilege_type, pg_get_userbyid(grantee)
      FROM pg_database, aclexplode(datacl)
      WHERE datname IN ('{PROJECT}', '_supabase') AND grantee <> datdba AND grantee <> 0"""
    for database, privilege, grantee in rows(session, query):
        yield f"REVOKE {privilege} ON DATABASE {database} FROM {grantee}"
    yield "GRANT CONNECT ON DATABASE _supabase TO PUBLIC"
    yield "ALTER DATABASE _supabase RENAME TO elsewhere"


def defaults(session: Session) -> Iterator[str]:
    query = """
      SELECT pg_get_userbyid(defaclrole), nspname, defaclobjtype::text, privilege_type,
        pg_get_userbyid(grantee)
      FROM pg_default_acl JOIN pg_namespace ON pg_namespace.oid = defaclnamespace,
        aclexplode(defaclacl)
      WHERE grantee <> 0 AND privilege_type <> 'MAINTAIN'"""  # Which 16 does not have.
    for maker, schema, kind, privilege, grantee in rows(session, query):
        yield (
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {maker} IN SCHEMA {schema} "
            f"REVOKE {privilege} ON {OBJECTS[kind]} FROM {grantee}"
        )


def others(_session: Session) -> Iterator[str]:
    yield "DROP PUBLICATION supabase_realtime"
    yield "ALTER PUBLICATION supabase_realtime OWNER TO azuresu"
    yield "DROP FUNCTION extensions.reload_schema"
    yield "REVOKE EXECUTE ON FUNCTION extensions.reload_schema FROM postgres"
    yield "GRANT EXECUTE ON FUNCTION extensions.reload_schema TO PUBLIC"
    yield "GRANT EXECUTE ON FUNCTION extensions.reload_schema TO anon"


KINDS = (attributes, memberships, settings, extensions, schemas, grants, defaults, others)


def verify(name: str) -> bytes:
    """The query, with the lists that psql would put in."""
    text = (STEPS / name).read_text()
    text = text.replace(":'extensions'", "'pgcrypto uuid-ossp'")
    text = text.replace(":'accepted'", f"'{' '.join(f'{role}_1' for role in KEYS)}'")
    return text.replace(":'optional_extensions'", "'pg_stat_statements'").encode()


def unseen(session: Session, change: str, query: bytes) -> bool:
    """Does verify find nothing after a change; the change is taken back."""
    session.execute(change.encode())
    session.execute(f"SET LOCAL SESSION AUTHORIZATION {ADMINISTRATOR}".encode())
    found = session.execute(query).fetchall()
    session.rollback()
    return not found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_whatever_is_undone_is_listed(lab: Lab, kind: Any) -> None:
    query = verify("verify.sql")
    with lab.superuser() as session:
        changes = list(kind(session))
        session.rollback()

        silent = [change for change in changes if unseen(session, change, query)]

    assert changes
    assert silent == []


@pytest.mark.parametrize(
    "change",
    [
        "DROP SCHEMA _supavisor CASCADE",
        "ALTER SCHEMA _analytics OWNER TO azuresu",
        "DROP SCHEMA supabase_bootstrap CASCADE",
        "ALTER ROLE supabase_supavisor IN DATABASE _supabase RESET search_path",
        "ALTER ROLE supabase_analytics IN DATABASE _supabase SET search_path = public",
    ],
)
def test_whatever_is_undone_in_the_second_database_is_listed(lab: Lab, change: str) -> None:
    with lab.superuser("_supabase") as session:
        assert not unseen(session, change, verify("verify-second.sql"))


def test_on_an_empty_server_everything_is_listed_and_nothing_fails(lab: Lab) -> None:
    query = verify("verify.sql")
    with lab.superuser("azure_maintenance") as session:
        found = [str(row[0]) for row in session.execute(query).fetchall()]

    for schema in ("auth", "storage", "realtime", "_realtime", "extensions"):
        assert any(f"| schema {schema} |" in row and "found: nothing" in row for row in found)


def test_drift_is_repaired_by_the_next_run_and_only_its_steps_are_applied(lab: Lab) -> None:
    lab.run(
        "ALTER ROLE anon SET statement_timeout = '1h'",
        "ALTER ROLE service_role NOBYPASSRLS",
        "REVOKE USAGE ON SCHEMA auth FROM authenticated",
        "REVOKE anon FROM authenticator",
    )

    seen = lab.bootstrap("verify")
    result = lab.bootstrap()

    assert (seen.code, seen.lines[-1]) == (1, "verify: 4 differences, 0 optional ones")
    assert result.code == 0, result.said
    again = {line for line in result.lines if "applied" in line}
    assert again == {
        f"{step}: applied again: 1 differences"
        for step in ("10-roles", "20-memberships", "30-role-settings", "50-schemas")
    }
    assert result.lines[-1] == "verify: as wanted, 0 optional differences"
