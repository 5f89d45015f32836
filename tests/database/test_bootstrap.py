# ruff: noqa: S608  # The names in these queries are lists of ours.
"""The bootstrap from outside: its lines, its exit code, and what a second run leaves alone."""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.database.conftest import KEYS, PATIENCE, PROJECT, STEPS, Lab, Result

IN_ORDER = (
    "00-ledger",
    "10-roles",
    "20-memberships",
    "30-role-settings",
    "40-extensions",
    "50-schemas",
    "60-default-privileges",
    "70-publication",
    "80-second-database",
    "90-second-database-schemas",
    "95-logins",
)
FIRST_LOGINS = [f"login {role}_1" for role in KEYS]
# Every row that the bootstrap writes, with the transaction that wrote it last.
CATALOGUES = (
    "pg_authid",
    "pg_auth_members",
    "pg_db_role_setting",
    "pg_namespace",
    "pg_default_acl",
    "pg_database",
    "pg_extension",
    "pg_publication",
    "pg_proc",
    "supabase_bootstrap.steps",
)


def written(lab: Lab, database: str) -> dict[str, list[tuple[str, str]]]:
    with lab.superuser(database) as session:
        return {
            name: session.execute(
                f"SELECT ctid::text, xmin::text FROM {name} ORDER BY 1".encode()
            ).fetchall()
            for name in CATALOGUES
        }


def applied(result: Result) -> list[str]:
    """The steps that did something."""
    lines = (line.partition(": ") for line in result.lines if not line.startswith(" "))
    names = [*IN_ORDER, *FIRST_LOGINS]
    return [name for name, _, what in lines if name in names and what != "unchanged"]


def altered(folder: Path, name: str, more: str) -> Path:
    """The steps, with something added to one of them."""
    steps = folder / "steps"
    shutil.copytree(STEPS, steps, dirs_exist_ok=True)
    with (steps / f"{name}.sql").open("a") as file:
        file.write(more)
    return steps


def test_a_new_server_gets_every_step_and_every_login_and_is_as_wanted(empty: Lab) -> None:
    result = empty.bootstrap()

    assert result.code == 0, result.said
    assert sorted({*applied(result)}) == sorted([*IN_ORDER, *FIRST_LOGINS])
    assert result.lines[-1] == "verify: as wanted, 0 optional differences"


def test_a_second_run_writes_nothing(lab: Lab) -> None:
    before = [written(lab, name) for name in (PROJECT, "_supabase")]

    result = lab.bootstrap()

    assert result.code == 0, result.said
    assert applied(result) == []
    assert [written(lab, name) for name in (PROJECT, "_supabase")] == before


def test_verify_alone_changes_nothing_and_says_that_all_is_well(lab: Lab) -> None:
    result = lab.bootstrap("verify")

    assert (result.code, result.lines) == (0, ["verify: as wanted, 0 optional differences"])


@pytest.mark.parametrize("step", [name for name in IN_ORDER if name != "80-second-database"])
def test_a_step_that_fails_is_rolled_back_and_named(lab: Lab, tmp_path: Path, step: str) -> None:
    steps = altered(tmp_path, step, "\nCREATE TABLE public.left_over ();\nSELECT 1 / 0;\n")

    result = lab.bootstrap(steps=steps)

    assert result.code == 1
    assert result.line("FAILED") == f"FAILED: {step} was rolled back"
    assert "division by zero" in result.said
    assert result.line("Next: ")
    assert "verify" not in result.lines[-1]
    for database in (PROJECT, "_supabase"):
        assert lab.ask("SELECT to_regclass('public.left_over')", database=database) == [(None,)]


def test_the_step_that_cannot_be_one_transaction_fails_by_name_and_is_tried_again(
    lab: Lab, tmp_path: Path
) -> None:
    steps = altered(tmp_path, "80-second-database", "\nSELECT 1 / 0;\n")

    failed = lab.bootstrap(steps=steps)
    again = lab.bootstrap()

    assert failed.line("FAILED") == "FAILED: 80-second-database was rolled back"
    assert again.code == 0


def test_a_step_whose_content_has_changed_is_applied_and_no_other(lab: Lab, tmp_path: Path) -> None:
    steps = altered(tmp_path, "70-publication", "\n-- A word more.\n")

    result = lab.bootstrap(steps=steps)
    back = lab.bootstrap()

    assert result.line("70-publication") == "70-publication: applied: its content has changed"
    assert applied(result) == applied(back) == ["70-publication"]


def test_a_ledger_of_an_older_version_is_brought_up_and_kept(lab: Lab) -> None:
    lab.run(
        "ALTER TABLE supabase_bootstrap.steps DROP COLUMN applied_by, DROP COLUMN chart",
        "UPDATE supabase_bootstrap.steps SET checksum = 'of an older one' WHERE step = '00-ledger'",
    )

    result = lab.bootstrap()

    assert result.code == 0, result.said
    assert applied(result) == ["00-ledger"]
    rows = lab.ask("SELECT step, chart FROM supabase_bootstrap.steps ORDER BY step")
    assert ("00-ledger", "supabase-1.0.0") in rows
    assert ("10-roles", "") in rows


def test_an_optional_extension_that_is_not_allowed_is_told_and_left_out(lab: Lab) -> None:
    result = lab.bootstrap(OPTIONAL_EXTENSIONS="pg_stat_statements hstore")

    assert result.code == 0, result.said
    assert "The optional extension hstore is left out: extension" in result.said
    assert "not allow-listed" in result.said
    assert result.differences == [
        "optional | 40-extensions | extension hstore | wanted: in extensions | found: nothing"
    ]
    assert result.lines[-1] == "verify: as wanted, 1 optional differences"


def test_a_required_extension_that_is_not_allowed_stops_it(lab: Lab) -> None:
    result = lab.bootstrap(EXTENSIONS="pgcrypto uuid-ossp hstore")

    assert result.code == 1
    assert result.line("FAILED") == "FAILED: 40-extensions was rolled back"
    assert 'extension "hstore" is not allow-listed' in result.said


def test_a_wrong_password_of_the_administrator_is_told_at_once_and_changes_nothing(
    lab: Lab,
) -> None:
    result = lab.bootstrap(secrets=lab.secrets | {"pg-password": "wrong"})

    assert result.code == 1
    assert result.lines[0] == (
        "FAILED: the server refuses the administrator pgadmin or its password"
    )
    assert "configure" in result.line("Next: ")


def test_a_database_that_does_not_exist_is_named(lab: Lab) -> None:
    result = lab.bootstrap(database="elsewhere")

    assert (result.code, result.lines[0]) == (1, "FAILED: there is no database elsewhere")


def test_a_server_that_does_not_answer_is_waited_for_and_then_told(lab: Lab) -> None:
    result = lab.bootstrap(PGHOST="127.0.0.1", PGPORT="1", PATIENCE="1")

    assert (result.code, result.lines[0]) == (1, "FAILED: 127.0.0.1 does not answer for 1 s")


@pytest.mark.parametrize("key", sorted(KEYS.values()))
def test_a_key_that_is_missing_in_the_secret_is_named_before_anything_is_done(
    lab: Lab, key: str
) -> None:
    kept = {name: value for name, value in lab.secrets.items() if name != key}

    result = lab.bootstrap(secrets=kept)

    assert (result.code, result.lines[0]) == (1, f"FAILED: the Secret has no {key}")


def test_an_administrator_with_the_name_of_a_role_is_refused(lab: Lab) -> None:
    result = lab.bootstrap(secrets=lab.secrets | {"pg-username": "postgres"})

    assert result.lines[0] == (
        "FAILED: the administrator is called postgres, and so is a role of Supabase"
    )


def test_a_second_run_waits_for_the_step_of_the_first(lab: Lab, tmp_path: Path) -> None:
    steps = altered(tmp_path, "10-roles", "\n-- A word more.\n")
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with lab.connect() as first, ThreadPoolExecutor() as pool:
        first.execute("BEGIN; SELECT pg_advisory_xact_lock(hashtext('supabase_bootstrap'))")
        second = pool.submit(lab.bootstrap, steps=steps)
        deadline = time.monotonic() + PATIENCE
        while not lab.ask(waiting):
            assert time.monotonic() < deadline, "It does not wait."
            time.sleep(0.05)
        first.execute("COMMIT")

        assert second.result().code == 0
