# ruff: noqa: S608  # The text is a constant.
"""
Realtime without superuser: its schema comes from its image, less one setting (docs/adr/0009).

The file here is ours. It has what the one of the image has and a server may refuse: a role's grant
on a parameter, the setting, owners that change, rights of roles, the table of migrations.
"""

from pathlib import Path

import pytest
from psycopg import errors

from tests.database.conftest import Lab

SETTING = "    SET log_min_messages TO 'fatal'\n"
SCHEMA = f"""\
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'supabase_realtime_admin') THEN
    GRANT SET ON PARAMETER log_min_messages TO supabase_realtime_admin;
  END IF;
END $$;
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE SCHEMA IF NOT EXISTS realtime;
ALTER SCHEMA realtime OWNER TO supabase_admin;
CREATE TYPE realtime.action AS ENUM ('INSERT', 'DELETE');
ALTER TYPE realtime.action OWNER TO supabase_realtime_admin;
CREATE TABLE realtime.messages (topic text, at date NOT NULL) PARTITION BY RANGE (at);
ALTER TABLE realtime.messages OWNER TO supabase_realtime_admin;
ALTER TABLE realtime.messages ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION realtime.list_changes(name text) RETURNS text
    LANGUAGE sql
{SETTING}    AS $$ SELECT name $$;
ALTER FUNCTION realtime.list_changes(text) OWNER TO supabase_realtime_admin;
GRANT USAGE ON SCHEMA realtime TO postgres WITH GRANT OPTION;
GRANT SELECT, INSERT ON realtime.messages TO anon, authenticated, service_role;
ALTER DEFAULT PRIVILEGES FOR ROLE supabase_admin IN SCHEMA realtime
  GRANT ALL ON TABLES TO postgres;
CREATE TABLE realtime.schema_migrations (version bigint PRIMARY KEY);
INSERT INTO realtime."schema_migrations" (version) VALUES (20230101000000);
INSERT INTO realtime."schema_migrations" (version) VALUES (20260101000000);
"""
DUMPS = ("tenant_db_dump_15.sql", "tenant_db_dump_17.sql")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the init container copies out of Realtime's image."""
    folder = tmp_path_factory.mktemp("schemas")
    for name in DUMPS:
        (folder / name).write_text(SCHEMA)
    return folder


@pytest.fixture(scope="module")
def realtime(lab: Lab, image: Path) -> Lab:
    result = lab.bootstrap(SCHEMAS=str(image))
    assert result.code == 0, result.said
    assert result.line("schema of realtime") == "schema of realtime: applied, 2 migrations"
    return lab


def test_as_it_is_the_schema_is_refused(lab: Lab) -> None:
    with pytest.raises(errors.InsufficientPrivilege, match="log_min_messages"):
        lab.run(
            "CREATE FUNCTION realtime.refused() RETURNS text LANGUAGE sql "
            f"{SETTING} AS $$ SELECT '' $$",
            user="supabase_admin",
        )


def test_an_image_without_a_schema_is_refused_before_realtime_would_fail(
    lab: Lab, tmp_path: Path
) -> None:
    result = lab.bootstrap(SCHEMAS=str(tmp_path))

    assert result.code == 1
    assert result.line("FAILED").startswith("FAILED: the image of Realtime brings no schema")
    assert "switch Realtime off" in result.line("Next")


def test_a_schema_that_fails_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    for name in DUMPS:
        (tmp_path / name).write_text(f"{SCHEMA}SELECT 1 / 0;\n")

    result = lab.bootstrap(SCHEMAS=str(tmp_path))

    assert result.line("FAILED") == "FAILED: the schema of realtime was rolled back"
    assert "division by zero" in result.said
    assert lab.ask("SELECT to_regclass('realtime.messages')") == [(None,)]


def test_an_empty_schema_gets_that_of_the_image_and_its_owners(realtime: Lab) -> None:
    owners = realtime.ask("""
      SELECT relname, pg_get_userbyid(relowner) FROM pg_class
      WHERE relnamespace = 'realtime'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1""")

    assert owners == [
        ("messages", "supabase_realtime_admin"),
        ("schema_migrations", "supabase_admin"),
    ]
    assert realtime.bootstrap("verify").code == 0


def test_a_second_run_leaves_it_to_realtime(realtime: Lab, image: Path, tmp_path: Path) -> None:
    newer = tmp_path / DUMPS[1]
    more = 'INSERT INTO realtime."schema_migrations" (version) VALUES (20270101000000);\n'
    newer.write_text(SCHEMA + more)

    same = realtime.bootstrap(SCHEMAS=str(image))
    behind = realtime.bootstrap(SCHEMAS=str(tmp_path))
    without = realtime.bootstrap(SCHEMAS=str(tmp_path / "nothing"))

    unchanged = "schema of realtime: unchanged, 2 migrations are applied"
    assert same.line("schema of realtime") == f"{unchanged}, no more are in the image"
    assert behind.line("schema of realtime") == f"{unchanged}, 1 more are in the image"
    assert without.line("schema of realtime") == f"{unchanged}, no more are in the image"


def test_realtime_does_its_daily_work(realtime: Lab) -> None:
    realtime.run(
        "CREATE SCHEMA IF NOT EXISTS _realtime",
        "CREATE TABLE _realtime.tenants (id int)",
        "CREATE PUBLICATION messages FOR TABLE realtime.messages",
        """CREATE TABLE realtime.messages_of_today PARTITION OF realtime.messages
          FOR VALUES FROM ('2026-01-01') TO ('2026-01-02')""",
        "ALTER TABLE realtime.messages_of_today OWNER TO supabase_realtime_admin",
        "INSERT INTO realtime.messages VALUES ('room', '2026-01-01')",
        "SET ROLE authenticated",
        "RESET ROLE",
        "SELECT pg_create_logical_replication_slot('of_a_test', 'pgoutput', true)",
        "DROP TABLE realtime.messages_of_today",
        user="supabase_admin",
    )


def test_a_person_decides_by_policy_who_hears_what(realtime: Lab) -> None:
    realtime.run(
        "CREATE POLICY hear ON realtime.messages FOR SELECT TO authenticated USING (true)",
        user="postgres",
    )
