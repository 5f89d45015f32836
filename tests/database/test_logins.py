"""Logins: two for each role, of which exactly the accepted ones sign in, change or not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors

from tests.database.conftest import KEYS, Lab, Result, accepted, password

SERVICES = sorted(KEYS)
WHO = "SELECT session_user, current_user"
REFUSED = "password authentication failed"
FORM = "authenticator_1:password,authenticator_2:password"


@contextmanager
def changed(lab: Lab, secrets: Mapping[str, str]) -> Iterator[Result]:
    """The logins of a Secret that differs in these keys, and those of before in the end."""
    try:
        yield lab.bootstrap(secrets={**lab.secrets, **secrets})
    finally:
        result = lab.bootstrap()
        assert result.code == 0, result.said


@pytest.fixture(scope="module")
def both(lab: Lab) -> Iterator[Lab]:
    """In the middle of a change: both logins of every role are accepted, the next one first."""
    secrets = {KEYS[role]: accepted(f"{role}_2", f"{role}_1") for role in SERVICES}
    with changed(lab, secrets) as result:
        assert result.code == 0, result.said
        yield lab


def as_login(lab: Lab, login: str) -> "psycopg.Connection[Any]":
    return lab.connect(login, password(login))


# --- Who signs in ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", SERVICES)
def test_a_service_signs_in_as_its_login_and_is_the_role(lab: Lab, role: str) -> None:
    assert lab.ask(WHO, user=role) == [(f"{role}_1", role)]


@pytest.mark.parametrize("role", SERVICES)
def test_a_login_has_a_password_of_its_own(lab: Lab, role: str) -> None:
    for other in SERVICES:
        if other != role:
            with pytest.raises(psycopg.OperationalError, match=REFUSED):
                lab.connect(f"{role}_1", password(f"{other}_1"))


@pytest.mark.parametrize("role", [*SERVICES, "anon", "service_role", "supabase_realtime_admin"])
def test_a_role_itself_does_not_sign_in(lab: Lab, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        lab.connect(role, password(f"{role}_1"))


@pytest.mark.parametrize("role", [*SERVICES, "supabase_supavisor", "supabase_analytics"])
def test_a_login_that_is_not_accepted_is_refused(lab: Lab, role: str) -> None:
    with pytest.raises(psycopg.OperationalError, match=REFUSED):
        as_login(lab, f"{role}_2")


def test_nothing_but_the_accepted_logins_has_a_password(lab: Lab) -> None:
    query = (
        "SELECT rolname, rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL AND NOT rolsuper"
    )
    with lab.superuser() as session:
        kept = dict(session.execute(query.encode()).fetchall())

    assert set(kept) == {"pgadmin", *(f"{role}_1" for role in SERVICES)}
    assert all(verifier.startswith("SCRAM-SHA-256$") for verifier in kept.values())


# --- A change -------------------------------------------------------------------------------------


def test_a_change_goes_from_one_login_to_the_other_without_a_moment_without(lab: Lab) -> None:
    old, new = "authenticator_1", "authenticator_2"
    key = KEYS["authenticator"]
    with as_login(lab, old) as open_session:
        with changed(lab, {key: accepted(new, old)}) as staged:
            assert (staged.line(f"login {new}"), staged.line(f"login {old}")) == (
                f"login {new}: open",
                f"login {old}: unchanged",
            )
            for login in (old, new):
                with as_login(lab, login) as session:
                    assert session.execute(WHO).fetchone() == (login, "authenticator")

            retired = lab.bootstrap(secrets=lab.secrets | {key: accepted(new)})

            assert (retired.code, retired.line(f"login {old}")) == (0, f"login {old}: shut")
            with pytest.raises(psycopg.OperationalError, match=REFUSED):
                as_login(lab, old)
            with as_login(lab, new) as session:
                assert session.execute(WHO).fetchone() == (new, "authenticator")

        assert open_session.execute(WHO).fetchone() == (old, "authenticator")


def test_only_the_logins_that_a_change_is_about_are_touched(lab: Lab) -> None:
    login = "supabase_storage_admin_2"
    with changed(lab, {KEYS["supabase_storage_admin"]: accepted(login)}) as result:
        lines = [line for line in result.lines if line.startswith("login ")]

    assert sorted(line for line in lines if line.endswith((": open", ": shut"))) == [
        "login supabase_storage_admin_1: shut",
        f"login {login}: open",
    ]


def test_another_password_of_an_open_login_counts_after_the_next_run(lab: Lab) -> None:
    with changed(lab, {KEYS["authenticator"]: "authenticator_1:Another_one:1"}) as result:
        assert result.line("login authenticator_1") == "login authenticator_1: open"
        with lab.connect("authenticator_1", "Another_one:1") as session:
            assert session.execute(WHO).fetchone() == ("authenticator_1", "authenticator")
        with pytest.raises(psycopg.OperationalError, match=REFUSED):
            as_login(lab, "authenticator_1")


def test_a_password_leaves_no_trace_of_its_text(lab: Lab) -> None:
    logins = [f"{role}_2" for role in SERVICES]
    with changed(lab, {KEYS[role]: accepted(f"{role}_2") for role in SERVICES}) as result:
        log = (lab.folder / "postgresql.log").read_text()

    assert result.code == 0
    assert not [login for login in logins if password(login) in log + result.said]


def test_a_server_of_before_the_logins_is_brought_over(lab: Lab) -> None:
    lab.run("ALTER ROLE authenticator LOGIN PASSWORD 'of-before'")
    with lab.connect("authenticator", "of-before") as service:
        result = lab.bootstrap()

        assert result.code == 0, result.said
        with pytest.raises(psycopg.OperationalError, match=REFUSED):
            lab.connect("authenticator", "of-before")
        assert service.execute("SELECT current_user").fetchone() == ("authenticator",)


@pytest.mark.parametrize(
    "value",
    [
        "authenticator:secret",
        "supabase_admin_1:secret",
        "authenticator_3:secret",
        "authenticator_1:",
        "just-a-secret",
        "authenticator_1:secret,",
        "authenticator_1:secret,authenticator_1:another",
    ],
)
def test_a_list_of_another_form_is_refused_before_anything_is_done_and_not_told(
    lab: Lab, value: str
) -> None:
    result = lab.bootstrap(secrets=lab.secrets | {"pg-rest-accepted": value})

    assert (result.code, result.lines[0]) == (
        1,
        f"FAILED: pg-rest-accepted is not of the form {FORM}",
    )
    assert "secret" not in result.said.replace("sync the secrets", "")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("ALTER ROLE authenticator_1 PASSWORD 'of-somebody'", 'user "authenticator_1"'),
        ("ALTER ROLE authenticator_1 SET role = 'none'", "authenticator_1"),
        ("ALTER ROLE authenticator_2 LOGIN PASSWORD 'of-somebody'", "LOGIN"),
    ],
)
def test_verify_sees_a_login_that_does_not_work_as_it_should(
    lab: Lab, change: str, found: str
) -> None:
    lab.run(change)

    seen, mended = lab.bootstrap("verify"), lab.bootstrap()

    assert seen.code == 1
    assert [row for row in seen.differences if "| logins |" in row and row.endswith(found)]
    assert mended.code == 0, mended.said
    assert lab.ask(WHO, user="authenticator") == [("authenticator_1", "authenticator")]


def test_a_setting_that_somebody_gave_a_role_comes_to_its_logins_with_the_next_run(
    lab: Lab,
) -> None:
    lab.run(
        "ALTER ROLE authenticator SET work_mem = '9MB'",
        "ALTER ROLE authenticator IN DATABASE supabase SET lock_timeout = '7s'",
    )
    try:
        result = lab.bootstrap()

        assert result.code == 0, result.said
        assert lab.ask("SHOW work_mem", user="authenticator") == [("9MB",)]
        assert lab.ask("SHOW lock_timeout", user="authenticator") == [("7s",)]
    finally:
        lab.run(
            "ALTER ROLE authenticator RESET work_mem",
            "ALTER ROLE authenticator IN DATABASE supabase RESET lock_timeout",
        )
        assert lab.bootstrap().code == 0
    assert lab.ask("SHOW work_mem", user="authenticator") != [("9MB",)]


# --- What a session of a login is -----------------------------------------------------------------


@pytest.mark.parametrize(
    "role", ["supabase_auth_admin", "supabase_storage_admin", "supabase_admin"]
)
def test_what_one_login_has_made_the_other_changes(both: Lab, role: str) -> None:
    schema = {"supabase_auth_admin": "auth", "supabase_storage_admin": "storage"}
    table = f"{schema.get(role, 'realtime')}.made_by_the_next"
    with as_login(both, f"{role}_2") as new, as_login(both, f"{role}_1") as old:
        new.execute(f"CREATE TABLE {table} (id int)".encode())
        owner = old.execute(
            "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = %s::regclass", [table]
        ).fetchone()
        old.execute(f"ALTER TABLE {table} ADD COLUMN more text".encode())
        old.execute(f"DROP TABLE {table}".encode())

    assert owner == (role,)


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role"])
@pytest.mark.parametrize("way", ["SET LOCAL ROLE {}", "SELECT set_config('role', '{}', true)"])
def test_either_login_takes_the_role_of_a_request_for_its_time(
    both: Lab, number: int, role: str, way: str
) -> None:
    with as_login(both, f"authenticator_{number}") as session:
        with session.transaction():
            session.execute(way.format(role).encode())
            assert session.execute("SELECT current_user").fetchone() == (role,)
        assert session.execute("SELECT current_user").fetchone() == ("authenticator",)


@pytest.mark.parametrize(
    "statement",
    [
        "RESET ROLE",
        "DISCARD ALL",  # Supavisor, between two clients of a session.
        "SELECT set_config('role', null, false)",  # Realtime's apply_rls, after each row.
    ],
)
def test_a_session_that_is_tidied_up_is_still_the_role(both: Lab, statement: str) -> None:
    with as_login(both, "supabase_admin_2") as session:
        session.execute("SET ROLE anon")
        session.execute(statement.encode())

        assert session.execute("SELECT current_user").fetchone() == ("supabase_admin",)


def test_a_session_that_gives_its_role_up_is_the_login_and_may_take_it_again(both: Lab) -> None:
    with as_login(both, "supabase_admin_2") as session:
        session.execute("SET ROLE NONE")
        assert session.execute("SELECT current_user").fetchone() == ("supabase_admin_2",)
        session.execute("RESET ROLE")
        assert session.execute("SELECT current_user").fetchone() == ("supabase_admin",)


@pytest.mark.parametrize("role", SERVICES)
def test_a_login_begins_with_the_settings_of_its_role(both: Lab, role: str) -> None:
    query = f"SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = '{role}'::regrole"  # noqa: S608 - A list of ours.
    for (setting,) in both.ask(query):
        name, _, value = setting.partition("=")
        for number in (1, 2):
            with as_login(both, f"{role}_{number}") as session:
                shown = session.execute(
                    "SELECT current_setting(%s)::text, set_config(%s, %s, false)",
                    (name, name, value),
                ).fetchone()
                assert shown is not None
                assert shown[0] == shown[1]


def test_realtimes_logins_replicate_and_no_others(both: Lab) -> None:
    def replicate(login: str) -> None:
        psycopg.connect(
            host=str(both.sockets),
            user=login,
            password=password(login),
            dbname="supabase",
            replication="database",
        ).close()

    for number in (1, 2):
        replicate(f"supabase_admin_{number}")
    for role in set(SERVICES) - {"supabase_admin"}:
        with pytest.raises(psycopg.OperationalError, match="permission denied to start WAL sender"):
            replicate(f"{role}_2")


def test_realtime_ends_a_session_of_its_other_login_that_was_left_behind(both: Lab) -> None:
    with as_login(both, "supabase_admin_1") as left, as_login(both, "supabase_admin_2") as new:
        left.execute("SET application_name = 'realtime_rls'")
        pid = left.info.backend_pid
        query = "SELECT state_change IS NOT NULL FROM pg_stat_activity WHERE pid = %s"

        assert new.execute(query, [pid]).fetchone() == (True,)
        assert new.execute("SELECT pg_terminate_backend(%s, 60000)", [pid]).fetchone() == (True,)
        with pytest.raises(psycopg.OperationalError):
            left.execute("SELECT 1")


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE postgres",
        "SET ROLE authenticator_1",
        "CREATE ROLE mine",
        "ALTER ROLE authenticator_1 PASSWORD 'mine'",
        "GRANT authenticator TO supabase_functions_1",
    ],
)
def test_a_login_hands_nothing_on(both: Lab, statement: str) -> None:
    with as_login(both, "authenticator_2") as session:
        for begin in ("RESET ROLE", "SET ROLE NONE"):
            session.execute(begin.encode())
            with pytest.raises(errors.InsufficientPrivilege):
                session.execute(statement.encode())
