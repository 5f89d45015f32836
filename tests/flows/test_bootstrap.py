"""State in Azure: its storage is made and taken over; the lock of a killed run is broken."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Ended, Place

pytestmark = [
    pytest.mark.flows,
    pytest.mark.skipif(
        not (Path(__file__).parents[2] / ".engines/azurite").is_dir() and not os.environ.get("CI"),
        reason="Azurite is not installed: scripts/engines.sh azurite",
    ),
]
Until = Callable[[Callable[[], bool], str], None]
STATE = {
    "kind": "azurerm",
    "resource_group": "state-rg",
    "storage_account": "supabasestate",
    "container": "states",
    "location": "centralus",
    "replication": "LRS",
}
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-00000000babe"
ACCOUNT = (
    f"{SUBSCRIPTION}/resourceGroups/state-rg/providers/Microsoft.Storage"
    "/storageAccounts/supabasestate"
)


def written(place: Place) -> list[str]:
    return [one["path"] for one in place.requests() if one["method"] in {"PUT", "PATCH", "DELETE"}]


@pytest.fixture(scope="module")
def first(place: Place) -> Ended:
    """Bootstrap of an empty subscription."""
    place.environment("remote", state=STATE)
    return place.run("bootstrap", "--environment", "remote")


def test_a_missing_storage_is_told_before_terraform_asks_for_it_for_ages(place: Place) -> None:
    place.environment("nowhere", state=STATE | {"storage_account": "supabasenowhere"})

    ended = place.run("provision", "--environment", "nowhere")

    assert ended.code == 2, ended.text
    assert "The storage account supabasenowhere in the group state-rg" in ended.text
    assert "Run `python -m flows bootstrap --environment nowhere`, or deploy" in ended.text


def test_a_storage_without_a_place_to_be_in_is_refused(place: Place) -> None:
    state = STATE | {"storage_account": "supabasenowhere", "location": ""}
    state["resource_group"] = "nowhere-rg"
    place.environment("nowhere", state=state)

    ended = place.run("bootstrap", "--environment", "nowhere")

    assert ended.code == 2, ended.text
    assert "Set `location` below `state:` in deployments/nowhere.yaml." in ended.text


def test_bootstrap_makes_the_storage_and_waits_visibly_until_its_role_works(
    place: Place, first: Ended
) -> None:
    assert first.code == 0, first.text
    assert "bootstrap: 5 to create" in first.text
    assert "does not know our role yet (403 AuthorizationPermissionMismatch)" in first.text
    made = {path.lower() for path in written(place)}
    assert any(
        path.startswith(f"{ACCOUNT}/providers/microsoft.authorization/locks".lower())
        for path in made
    )


def test_a_second_bootstrap_takes_over_what_is_there_and_changes_nothing(
    place: Place, first: Ended
) -> None:
    assert first.code == 0, first.text
    before = written(place)

    ended = place.run("bootstrap", "--environment", "remote")

    assert ended.code == 0, ended.text
    assert "bootstrap: nothing to change" in ended.text
    assert written(place) == before
    left = place.folder / "work/remote/terraform/bootstrap"
    assert not list(left.glob("*.tfstate*")), "It keeps no state of its own."


# --- Locks ----------------------------------------------------------------------------------------


def initialised(place: Place, environment: str) -> Path:
    """A stack of the product in which Terraform can be killed: its working copy, made by a plan."""
    ended = place.run("preflight", "--environment", environment)
    assert ended.code == 0, ended.text
    return place.folder / "work" / environment / "terraform/foundation"


def killed(place: Place, folder: Path, until: Until, locked: Callable[[], bool]) -> None:
    """A Terraform that is killed while it holds the lock: it waits for a person's answer."""
    program = subprocess.Popen(
        [
            "terraform",
            "apply",
            "-no-color",
            "-refresh=false",
            f"-var-file={folder.parent}/vars/sandbox.tfvars",
        ],
        cwd=folder,
        env=place.variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(locked, "Terraform never took the lock.")
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def lease(place: Place, key: str) -> dict[str, Any]:
    """What the blob says of its lease, and the note of who holds it."""
    code = (
        "import json; from azure.identity import DefaultAzureCredential as C;"
        "from azure.storage.blob import BlobClient as B;"
        f"b = B('https://supabasestate.blob.core.windows.net', 'states', '{key}', credential=C());"
        "p = b.get_blob_properties() if b.exists() else None;"
        "print(json.dumps({'state': p and p.lease.state, 'metadata': p and p.metadata}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=place.variables,
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_lease_of_a_killed_terraform_is_shown_and_broken_on_demand_only(
    place: Place, first: Ended, until: Until
) -> None:
    assert first.code == 0, first.text
    key = "remote/foundation.tfstate"
    folder = initialised(place, "remote")
    killed(place, folder, until, lambda: lease(place, key)["state"] == "leased")
    note = json.loads(base64.b64decode(lease(place, key)["metadata"]["terraformlockid"]))

    refused = place.run("unlock", "--environment", "remote")
    still = lease(place, key)["state"]
    broken = place.run("unlock", "--environment", "remote", "--yes")
    after = lease(place, key)
    again = place.run("unlock", "--environment", "remote")

    assert refused.code == 1, refused.text
    assert f"The state of foundation is locked by {note['Who']} since" in refused.text
    assert f"for apply, lock {note['ID']}." in refused.text
    assert "on this machine any more: the run has died." in refused.text
    assert "run again with --yes" in refused.text
    assert still == "leased"
    assert broken.code == 0, broken.text
    assert "The state of foundation is free." in broken.text
    assert after["state"] in {"broken", "available"}
    assert "terraformlockid" not in after["metadata"]
    assert "No state of remote is locked." in again.text


def test_a_local_lock_is_free_when_its_process_is_dead_and_respected_while_it_lives(
    place: Place, until: Until
) -> None:
    place.environment("local")
    folder = initialised(place, "local")
    note = place.folder / "work/local/state/.foundation.tfstate.lock.info"
    living: list[Ended] = []

    def locked() -> bool:
        if note.exists() and not living:
            living.append(place.run("unlock", "--environment", "local", "--yes"))
        return bool(living)

    killed(place, folder, until, locked)
    ended = place.run("unlock", "--environment", "local", "--yes")

    assert living[0].code == 1, living[0].text
    assert re.search(r"Its process \d+ is at work \(terraform apply", living[0].text)
    assert "stop it with one interrupt" in living[0].text
    assert ended.code == 0, ended.text
    assert "No process holds it any more" in ended.text
    assert not note.exists()
