"""What `status` makes of a cloud that is full."""

import json
from typing import Any

import pytest

from sandbox.commands import status

GROUP = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/lab"
SERVER = f"{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/supabase-sandbox-pg"
TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"


def one(path: str, kind: str, state: str = "Succeeded") -> dict[str, Any]:
    name = "/".join(path.split("/")[8::2])
    return {
        "id": path,
        "name": name,
        "type": kind,
        "state": state,
        "seconds": 12.0 if state == "Updating" else None,
        "failure": "",
    }


def full() -> dict[str, Any]:
    """As after a deployment, with something under way everywhere."""
    settings = [
        one(f"{SERVER}/configurations/setting-{at}", f"{TYPE}/configurations") for at in range(83)
    ]
    resources = [
        one(SERVER, TYPE),
        *settings,
        one(f"{SERVER}/databases/app", f"{TYPE}/databases"),
        one(f"{SERVER}/databases/late", f"{TYPE}/databases", "Updating"),
    ]
    grant = {
        "name": "supabase-sandbox-external-secrets-identity",
        "role": "Azure Kubernetes Service RBAC Cluster Admin",
        "scope": GROUP,
        "change": "granted",
        "everywhere": False,
        "seconds": 99.0,
    }
    return {
        "profile": "typical",
        "scale": 1.0,
        "seed": 1,
        "resources": len(resources),
        "engines": {"postgresql": "/somewhere", "azurite": ""},
        "groups": [
            {"name": "lab", "location": "westeurope", "state": "Succeeded", "resources": resources}
        ],
        "clusters": [],
        "access": [grant],
        "propagations": [grant],
        "busy": [{"state": "Updating", "id": f"{SERVER}/databases/late", "seconds": 12.0}],
        "weather": [{"id": "mine", "state": "active", "hits": 0, "description": "any request"}],
    }


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`status` of a sandbox that tells all that."""
    running = type("Running", (), {"proxy": "http://127.0.0.1:1", "pid": 2})()
    monkeypatch.setattr(status, "found", lambda _state: running)
    monkeypatch.setattr(status, "told", lambda _running, _path: full())

    def run(*, every: bool = False, machine: bool = False) -> str:
        status.status(every=every, machine=machine)
        return capsys.readouterr().out

    return run


def test_what_is_inside_of_a_resource_is_counted_unless_it_is_not_well(typed: Any) -> None:
    rows = [" ".join(line.split()) for line in typed().splitlines()]

    at = rows.index("supabase-sandbox-pg DBforPostgreSQL/flexibleServers Succeeded")
    assert rows[at + 1] == "83 configurations, 1 database"
    assert any("late" in row and "Updating in 12 s" in row for row in rows)
    assert not any("setting-7" in row for row in rows)


def test_every_row_is_shown_when_all_is_asked_for(typed: Any) -> None:
    assert typed(every=True).count("setting-") == 83


def test_what_changes_comes_first_and_who_may_do_what_comes_last(typed: Any) -> None:
    text = typed()
    titles = ("Azure is busy", "Roles still propagating", "Weather", "lab (", "Who may do what")

    assert sorted(titles, key=text.index) == list(titles)


def test_no_line_is_wider_than_a_hundred_columns(typed: Any) -> None:
    wide = [line for line in typed().splitlines()[2:] if len(line.rstrip()) > 100]

    assert wide == []


def test_an_engine_that_is_missing_names_the_command(typed: Any) -> None:
    assert "azurite missing (scripts/engines.sh azurite)" in typed()


def test_for_programs_nothing_is_left_out(typed: Any) -> None:
    assert len(json.loads(typed(machine=True))["groups"][0]["resources"]) == 86
