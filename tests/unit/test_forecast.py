"""What a plan that is never applied tells, and who holds a lock."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tasks import environment, terraform
from tasks.errors import BusyError
from tasks.terraform import Forecast, Foundation, failures, forecast, locks

SANDBOX = environment.load("sandbox")
NOTE = {
    "ID": "1-2-3",
    "Operation": "OperationTypeApply",
    "Who": f"ann@{socket.gethostname()}",
    "Created": "2026-11-23T13:00:00Z",
}


def change(address: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {
        "address": address,
        "type": "azurerm_thing",
        "mode": "managed",
        "change": {"actions": list(actions), "before": None, "after": None} | more,
    }


def test_a_forecast_holds_what_is_touched_and_no_sensitive_value() -> None:
    shown = {
        "resource_changes": [
            change(
                "a.new", "create", after={"name": "x", "key": "s"}, after_sensitive={"key": True}
            ),
            change(
                "a.moved", "update", before={"size": 1, "key": "s"}, before_sensitive={"key": True}
            ),
            change("a.replaced", "delete", "create", before={"size": 1}, after={"size": 2}),
            change("a.same", "no-op"),
            change("a.gone", "delete", before={"size": 1}),
        ],
        "planned_values": {"outputs": {"known": {"value": "x"}, "later": {}}},
        "output_changes": {"later": {"after_unknown": True}, "known": {"after_unknown": False}},
    }

    found = forecast.read_forecast(shown)

    assert [(one.address, dict(one.values), dict(one.before)) for one in found.planned] == [
        ("a.new", {"name": "x"}, {}),
        ("a.moved", {}, {"size": 1}),
        ("a.replaced", {"size": 2}, {}),
    ]
    assert found.outputs == {"known": "x"}
    assert found.unknown == {"later"}


def test_a_refused_value_is_told_in_its_authors_words_and_once() -> None:
    rule = "\n\nThis was checked by the validation rule at variables.tf:9,3-13."
    value = {"summary": "Invalid value for variable", "detail": f"name is wrong.\nRename.{rule}"}
    place = {"filename": "main.tf", "start": {"line": 7}}
    other = {"summary": "Invalid combination", "detail": "one of", "range": place}

    found = forecast.read_refusal([value, value, other], "")

    assert found.invalid == ("name is wrong. Rename.",)
    assert found.refused == ("Invalid combination (main.tf:7): one of",)
    assert forecast.read_refusal([], "Terraform broke.").refused == ("Terraform broke.",)


def test_a_foundation_that_is_only_planned_is_complete_and_its_ids_are_well_formed() -> None:
    planned = Forecast(
        outputs={"location": "westus", "tags": {}}, unknown=frozenset({"registry_id"})
    )

    built = forecast.assumed(planned, "s")

    assert isinstance(built, Foundation)
    assert built.location == "westus"
    assert built.cluster_subnet_id.startswith("/subscriptions/s/resourceGroups/planned/providers/")
    assert built.registry_id, "What the plan will make is there, although it may be left out."
    assert built.gateway_subnet_id is None, "What it will not make is not."


def test_a_lock_that_cannot_be_had_names_its_holder_and_the_way_out() -> None:
    detail = (
        "Error message: state blob is already locked\nLock Info:\n  ID:        1-2-3\n"
        "  Path:      states/x\n  Operation: OperationTypeApply\n  Who:       ann@laptop\n"
        "  Version:   1.11.4\n  Created:   2026-11-23 13:00:00 +0000 UTC\n  Info:      \n"
    )
    diagnostic = {"summary": "Error acquiring the state lock", "detail": detail}

    error = failures.failure("terraform plan of platform", [diagnostic], "")

    assert isinstance(error, BusyError)
    assert error.message.splitlines()[0] == (
        "terraform plan of platform: the state is locked by ann@laptop since 2026-11-23 13:00:00 "
        "+0000 UTC for apply, lock 1-2-3."
    )
    assert "python -m flows unlock" in error.hint


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> terraform.Stack:
    monkeypatch.setattr(environment, "WORK", tmp_path)
    found = terraform.foundation(SANDBOX)
    found.folder.mkdir(parents=True)
    (tmp_path / "sandbox/state").mkdir()
    return found


def test_a_local_lock_lives_as_long_as_its_process(stack: terraform.Stack) -> None:
    state = stack.state_file
    assert state
    state.write_text("{}")
    locks.note_of(state).write_text(json.dumps(NOTE))
    hold = (
        "import fcntl, sys, time; file = open(sys.argv[1], 'r+'); "
        "fcntl.lockf(file, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    )

    with subprocess.Popen(
        [sys.executable, "-c", hold, str(state)], stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        living = locks.local(stack)
        holder.kill()
    dead = locks.local(stack)
    locks.remove_note(stack)

    assert living
    assert living.alive
    assert str(holder.pid) in living.evidence
    assert dead
    assert dead.alive is False
    assert str(dead).startswith(f"The state of foundation is locked by {NOTE['Who']} since")
    assert locks.local(stack) is None


def test_a_lease_is_judged_on_its_own_machine_only(stack: terraform.Stack) -> None:
    here = locks.remote(stack, json.dumps(NOTE))
    elsewhere = locks.remote(stack, json.dumps(NOTE | {"Who": "bob@elsewhere"}))
    unwritten = locks.remote(stack, "")

    assert here.alive is False
    assert elsewhere.alive is None
    assert "bob@elsewhere" in str(elsewhere)
    assert unwritten.alive is None
    assert "somebody unknown" in str(unwritten)
