# ruff: noqa: S608  # The names in these queries are constants.
"""
What the services do with their roles, in words of our own: their migrations' critical statements,
requests as PostgREST and Storage make them, and what nobody may.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import Lab, accepted, password

ALICE, BOB = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"

# What Auth's migrations ask of a server: own tables, types and functions, and grants to `postgres`.
AUTH = (
    "CREATE SCHEMA IF NOT EXISTS auth",
    "CREATE TABLE auth.users (id uuid PRIMARY KEY, email text UNIQUE)",
    "CREATE TYPE auth.factor AS ENUM ('totp', 'phone')",
    "ALTER TYPE auth.factor ADD VALUE 'webauthn'",
    """CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS
      $$ SELECT nullif(current_setting('request.jwt.claims', true)::json ->> 'sub', '')::uuid $$""",
    "ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY",
    "GRANT SELECT ON auth.users TO postgres WITH GRANT OPTION",
    "COMMENT ON TABLE auth.users IS 'People'",
    "CREATE INDEX users_by_mail ON auth.users (lower(email))",
)
# Storage's, with DB_INSTALL_ROLES=false: no role is made, the API's roles are named in grants.
STORAGE = (
    "CREATE TABLE storage.buckets (id text PRIMARY KEY, public boolean DEFAULT false)",
    """CREATE TABLE storage.objects (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(), bucket text REFERENCES storage.buckets,
      name text, owner uuid)""",
    "ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY",
    "GRANT ALL ON storage.buckets, storage.objects TO postgres WITH GRANT OPTION",
    "GRANT ALL ON storage.buckets, storage.objects TO anon, authenticated, service_role",
    """CREATE FUNCTION storage.folder(name text) RETURNS text LANGUAGE plpgsql AS
      $$ BEGIN RETURN split_part(name, '/', 1); END $$""",
    "CREATE INDEX objects_by_name ON storage.objects (name text_pattern_ops)",
)


@pytest.fixture(scope="module")
def migrated(lab: Lab) -> Lab:
    """Auth and Storage have been here, and a person has made a table with a policy."""
    lab.run(*AUTH, user="supabase_auth_admin")
    lab.run(*STORAGE, user="supabase_storage_admin")
    lab.run(
        "CREATE TABLE public.notes (id serial PRIMARY KEY, owner uuid, text text)",
        "ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON public.notes TO authenticated USING (owner = auth.uid())",
        f"INSERT INTO public.notes (owner, text) VALUES ('{ALICE}', 'hers'), ('{BOB}', 'his')",
        "CREATE TABLE public.open (id int)",
        "INSERT INTO public.open VALUES (1)",
        user="postgres",
    )
    return lab


@contextmanager
def request(
    lab: Lab, role: str, person: str = "", user: str = "authenticator"
) -> "Iterator[psycopg.Connection[Any]]":
    """A transaction as PostgREST and Storage open it: role and claims for its time."""
    with lab.connect(user) as session, session.transaction():
        session.execute("SELECT set_config('role', %s, true)", [role])
        claims = f'{{"sub": "{person}", "role": "{role}"}}'
        session.execute("SELECT set_config('request.jwt.claims', %s, true)", [claims])
        yield session


def count(session: "psycopg.Connection[Any]", table: str) -> int:
    return int(session.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()[0][0])


# --- Migrations -----------------------------------------------------------------------------------


def test_what_the_services_make_belongs_to_them(migrated: Lab) -> None:
    owners = migrated.ask("""
      SELECT DISTINCT schemaname, tableowner FROM pg_tables
      WHERE schemaname IN ('auth', 'storage') ORDER BY 1""")

    assert owners == [("auth", "supabase_auth_admin"), ("storage", "supabase_storage_admin")]


def test_the_bootstrap_leaves_alone_what_the_services_made(migrated: Lab) -> None:
    query = """
      SELECT p.oid, p.proname, p.prosrc, p.proacl::text FROM pg_proc p
      WHERE p.pronamespace IN ('auth'::regnamespace, 'storage'::regnamespace) ORDER BY 1"""
    before = migrated.ask(query)

    migrated.run("ALTER ROLE anon RESET statement_timeout", "REVOKE USAGE ON SCHEMA auth FROM anon")
    result = migrated.bootstrap()

    assert result.code == 0, result.said
    assert before
    assert migrated.ask(query) == before


def test_a_service_finds_its_own_schema_first(lab: Lab) -> None:
    paths = {
        role: lab.ask("SHOW search_path", user=role)[0][0]
        for role in ("supabase_auth_admin", "supabase_storage_admin", "supabase_admin", "postgres")
    }

    assert paths == {
        "supabase_auth_admin": "auth",
        "supabase_storage_admin": "storage",
        "supabase_admin": '"$user", public, auth, extensions',
        "postgres": '"$user", public, extensions',
    }


def test_extensions_are_in_their_schema_and_work_for_everybody(migrated: Lab) -> None:
    with request(migrated, "anon") as session:
        rows = session.execute(
            "SELECT extensions.uuid_generate_v4(), extensions.crypt('a', extensions.gen_salt('bf'))"
        ).fetchall()

    assert all(rows[0])


# --- Requests -------------------------------------------------------------------------------------


def test_a_table_with_row_security_shows_each_person_their_own_rows(migrated: Lab) -> None:
    seen = {}
    for role, person in (("anon", ""), ("authenticated", ALICE), ("service_role", "")):
        with request(migrated, role, person) as session:
            seen[role] = count(session, "notes")

    assert seen == {"anon": 0, "authenticated": 1, "service_role": 2}


def test_a_table_without_row_security_is_open_to_everybody(migrated: Lab) -> None:
    with request(migrated, "anon") as session:
        assert count(session, "open") == 1


def test_nobody_writes_a_row_for_somebody_else(migrated: Lab) -> None:
    with (
        pytest.raises(errors.InsufficientPrivilege, match="row-level security"),
        request(migrated, "authenticated", ALICE) as session,
    ):
        session.execute("INSERT INTO notes (owner, text) VALUES (%s, 'forged')", [BOB])


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
def test_a_request_reaches_no_table_of_auth_and_no_ledger(migrated: Lab, role: str) -> None:
    for table in ("auth.users", "supabase_bootstrap.steps"):
        with (
            pytest.raises(errors.InsufficientPrivilege),
            request(migrated, role) as session,
        ):
            count(session, table)


def test_a_file_follows_the_policy_that_a_person_made_on_storage(migrated: Lab) -> None:
    migrated.run(
        "CREATE POLICY own ON storage.objects TO authenticated USING (owner = auth.uid())",
        user="postgres",
    )
    with request(migrated, "service_role", user="supabase_storage_admin") as session:
        session.execute("INSERT INTO storage.buckets (id) VALUES ('b')")
        session.execute(
            "INSERT INTO storage.objects (bucket, name, owner) VALUES ('b', 'x', %s)", [ALICE]
        )

    seen = {}
    for role, person in (("anon", ""), ("authenticated", ALICE), ("authenticated", BOB)):
        with request(migrated, role, person, "supabase_storage_admin") as session:
            seen[role, person] = count(session, "storage.objects")

    assert seen == {("anon", ""): 0, ("authenticated", ALICE): 1, ("authenticated", BOB): 0}


def test_timeouts_of_a_request_are_those_of_who_signs_in(lab: Lab) -> None:
    assert lab.ask("SHOW statement_timeout", user="authenticator") == [("8s",)]
    assert lab.ask("SHOW lock_timeout", user="authenticator") == [("8s",)]


# --- People and functions -------------------------------------------------------------------------


def test_a_person_may_watch_users_by_a_trigger_and_make_roles_for_requests(migrated: Lab) -> None:
    migrated.run(
        """CREATE FUNCTION public.welcome() RETURNS trigger LANGUAGE plpgsql
          SECURITY DEFINER SET search_path = '' AS $$ BEGIN RETURN NEW; END $$""",
        "CREATE TRIGGER welcome AFTER INSERT ON auth.users EXECUTE FUNCTION public.welcome()",
        "CREATE ROLE editor",
        "GRANT authenticated TO editor",
        "GRANT editor TO authenticator",
        user="postgres",
    )

    with request(migrated, "editor") as session:
        assert count(session, "notes") == 0


def test_a_person_publishes_a_table_for_realtime(migrated: Lab) -> None:
    migrated.run("ALTER PUBLICATION supabase_realtime ADD TABLE public.notes", user="postgres")

    assert migrated.ask("SELECT tablename FROM pg_publication_tables") == [("notes",)]


def test_a_reload_is_told_to_who_listens(lab: Lab) -> None:
    with lab.connect("authenticator") as listener:
        listener.execute("LISTEN pgrst")
        lab.run("SELECT extensions.reload_schema()", user="postgres")

        told = next(listener.notifies(timeout=60, stop_after=1))

    assert (told.channel, told.payload) == ("pgrst", "reload schema")


def test_a_function_has_nothing_until_it_takes_a_role(migrated: Lab) -> None:
    with migrated.connect("supabase_functions") as session:
        with pytest.raises(errors.InsufficientPrivilege):
            count(session, "notes")
        session.execute("SET ROLE service_role")
        assert count(session, "notes") == 2


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("authenticator", "SET ROLE postgres"),
        ("authenticator", "SET ROLE supabase_admin"),
        ("supabase_functions", "SET ROLE postgres"),
        ("supabase_auth_admin", "CREATE ROLE mine"),
        ("supabase_auth_admin", "CREATE TABLE public.mine ()"),
        ("supabase_storage_admin", "CREATE ROLE mine"),
        ("supabase_storage_admin", "CREATE TABLE auth.mine ()"),
        ("supabase_storage_admin", "SET ROLE postgres"),
        ("supabase_admin", "CREATE ROLE mine"),
        ("postgres", "SET ROLE supabase_admin"),
        ("postgres", "SET ROLE supabase_auth_admin"),
        ("postgres", "ALTER ROLE pgadmin PASSWORD 'mine'"),
        ("postgres", "INSERT INTO supabase_bootstrap.steps VALUES ('mine', 'mine')"),
        ("supabase_admin", "SELECT * FROM supabase_bootstrap.steps"),
    ],
)
def test_no_service_does_the_work_of_another(lab: Lab, role: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        lab.run(statement, user=role)


def test_the_optional_services_stay_in_the_second_database(lab: Lab) -> None:
    login = "supabase_supavisor_1"

    result = lab.bootstrap(secrets=lab.secrets | {"pg-supavisor-accepted": accepted(login)})

    assert result.line(f"login {login}") == f"login {login}: open"
    with lab.connect(login, password(login), "_supabase") as session:
        session.execute("CREATE TABLE tenants ()")
        where = session.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'tenants'")
        assert where.fetchall() == [("_supavisor",)]
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute("CREATE TABLE _analytics.mine ()")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        lab.connect("authenticator", database="_supabase")
