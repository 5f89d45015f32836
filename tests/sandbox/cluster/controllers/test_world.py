"""What simulated services keep: rows under row level security, and all of it across a restart."""

import json
from typing import Any

import pytest

from sandbox.cluster.controllers.simulated.tables import StatementError, Tables
from sandbox.cluster.controllers.simulated.world import Bucket, World

NOTES = """
create table public.notes (owner uuid not null default auth.uid(), note text not null);
alter table notes enable row level security;
create policy own on notes for all to authenticated
  using ((select auth.uid()) = owner) with check (owner = auth.uid());
grant select, insert on notes to anon, authenticated, service_role;
"""
OWNER = {"sub": "8f14", "role": "authenticated"}
OTHER = {"sub": "c9f0", "role": "authenticated"}
ENV = {"PGRST_DB_URI": "postgres://authenticator@db.example.com:5432/supabase"}


@pytest.fixture
def tables() -> Tables:
    found = Tables()
    found.run(NOTES)
    found.insert("notes", "authenticated", OWNER, {"note": "mine"})
    return found


@pytest.mark.parametrize(
    ("role", "claims", "seen"),
    [
        ("authenticated", OWNER, 1),
        ("authenticated", OTHER, 0),
        ("anon", {}, 0),
        ("service_role", {}, 1),
    ],
)
def test_rows_are_for_their_owner(
    tables: Tables, role: str, claims: dict[str, Any], seen: int
) -> None:
    assert len(tables.select("notes", role, claims)) == seen


@pytest.mark.parametrize(
    ("role", "claims", "row", "code"),
    [
        ("anon", {}, {"note": "x"}, "42501"),
        ("authenticated", OTHER, {"note": "x", "owner": "8f14"}, "42501"),
        ("authenticated", OTHER, {}, "23502"),
        ("authenticated", OTHER, {"text": "x"}, "PGRST204"),
        ("nobody", {}, {"note": "x"}, "42501"),
    ],
)
def test_a_row_that_must_not_be_is_refused_as_postgresql_does(
    tables: Tables, role: str, claims: dict[str, Any], row: dict[str, Any], code: str
) -> None:
    with pytest.raises(StatementError) as refused:
        tables.insert("notes", role, claims, row)

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("create table notes (id int)", "42P07"),
        ("drop table others", "42P01"),
        ("alter table others enable row level security", "42P01"),
        ("create policy p on notes using (length(note) > 3)", "0A000"),
        ("vacuum notes", "0A000"),
    ],
)
def test_statements_that_cannot_be_run_say_why(tables: Tables, statement: str, code: str) -> None:
    with pytest.raises(StatementError) as refused:
        tables.run(statement)

    assert refused.value.code == code


def test_all_of_it_survives_a_restart() -> None:
    before, after = World(), World()
    database = before.database(ENV)
    database.tables.run(NOTES)
    database.tables.insert("notes", "authenticated", OWNER, {"note": "mine"})
    database.users["8f14"] = {"email": "a@example.com"}
    database.buckets["odd name/"] = Bucket("odd name/", public=False, files={"a b": {"kind": "x"}})
    before.objects["https://account", "/bucket/a b"] = b"bytes"

    kept = before.dump()
    json.dumps([value for value in kept.values() if not isinstance(value, bytes)])
    after.load(kept)

    again = after.database(ENV)
    assert again.dump() == database.dump()
    assert len(again.tables.select("notes", "authenticated", OWNER)) == 1
    assert again.tables.select("notes", "authenticated", OTHER) == []
    assert after.objects == before.objects
