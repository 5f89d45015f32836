"""Callers who may not assign roles: what they are told, and how an owner helps."""

import os
import shlex
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure.identity import ClientSecretCredential
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from tests.flows.conftest import PATIENCE, PROJECT, Place

pytestmark = [pytest.mark.flows, pytest.mark.long]
Until = Callable[[Callable[[], bool], str], None]
WITHOUT = "\nassign_roles = false\n"
READ = yaml.safe_load((PROJECT / "terraform/foundation/secrets.yaml").read_text())
FOUNDATION = 7 + len(READ)  # Roles; the vault's reader gets one on each secret.


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


@pytest.fixture
def owner(place: Place, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuthorizationManagementClient]:
    """Somebody who may assign roles: in the sandbox, that is the deployer."""
    given = place.variables
    for name in ("HTTPS_PROXY", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, given[name])
    credential = ClientSecretCredential(
        given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"], given["ARM_CLIENT_SECRET"]
    )
    with AuthorizationManagementClient(credential, given["ARM_SUBSCRIPTION_ID"]) as client:
        yield client


def decided(folder: Path, name: str, text: str) -> dict[str, str]:
    """Variables that lead to the sandbox's tfvars file with something changed, under a name."""
    file = folder / f"{name}.tfvars"
    usual = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    file.write_text(usual.replace("supabase-sandbox", f"supabase-{name}") + text)
    return {"TFVARS_FILE": str(file)}


def patience() -> dict[str, Any]:
    """The sandbox's waits, with one for an owner that a test can sit through."""
    usual: dict[str, Any] = yaml.safe_load((PROJECT / "deployments/sandbox.yaml").read_text())[
        "waits"
    ]
    return usual | {"owner": {"first": 0.5, "every": 1, "at_most": 120}}


def listen(program: subprocess.Popen[str]) -> list[str]:
    """The lines of a program, as they come."""
    lines: list[str] = []

    def collect() -> None:
        assert program.stdout
        lines.extend(program.stdout)  # Each line is there as soon as it is read.

    threading.Thread(target=collect, daemon=True).start()
    return lines


def commands(lines: list[str]) -> list[list[str]]:
    """What an owner is told to run, in words."""
    return [shlex.split(line[line.index("az role") :]) for line in lines if "az role" in line]


def assign(owner: AuthorizationManagementClient, words: list[str]) -> None:
    """What `az role assignment create` does."""
    given = {"--name": str(uuid.uuid4())} | dict(zip(words[4::2], words[5::2], strict=True))
    roles = owner.role_definitions.list(given["--scope"], filter=f"roleName eq '{given['--role']}'")
    wanted = RoleAssignmentCreateParameters(
        role_definition_id=str(next(iter(roles)).id),
        principal_id=given["--assignee-object-id"],
        principal_type=given.get("--assignee-principal-type", "ServicePrincipal"),
    )
    owner.role_assignments.create(given["--scope"], given["--name"], wanted)


def written(place: Place) -> set[str]:
    """What somebody wanted to create or change."""
    return {one["path"] for one in place.requests() if one["method"] in {"PUT", "PATCH"}}


def test_a_run_prints_what_an_owner_must_assign_and_waits_for_it(
    place: Place, tmp_path: Path, owner: AuthorizationManagementClient, until: Until
) -> None:
    place.environment("owned", waits=patience())
    variables = decided(tmp_path, "owned", WITHOUT)
    tfvars = Path(variables["TFVARS_FILE"])
    text = tfvars.read_text()
    tfvars.write_text(text.replace("vault = {", 'vault = {\n  reader_scope = "secrets"', 1))

    program = place.start("provision", "--environment", "owned", **variables)
    said = listen(program)
    owed = f"{FOUNDATION} of {FOUNDATION} role assignments yet"
    until(lambda: any(owed in line for line in said), "Nothing waits.")
    before = written(place)
    made = 0
    deadline = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < deadline:
        for words in commands(said)[made:]:
            assign(owner, words)
            made += 1
        time.sleep(0.2)

    assert program.returncode == 0, "".join(said)
    assert made > FOUNDATION  # The platform has some of its own, once it is there.
    scopes = {words[words.index("--scope") + 1] for words in commands(said)}
    assert {scope.rpartition("/")[2] for scope in scopes if "/secrets/" in scope} == set(READ)
    assert not any("/managedClusters/" in path for path in before)
    assert any(path.endswith("/managedClusters/supabase-owned-aks") for path in written(place))

    again = place.run("preflight", "--environment", "owned", **variables)

    assert again.code == 0, again.text
    assert "az role" not in again.text


@pytest.mark.skipif(
    not (PROJECT / ".engines/azurite").is_dir() and not os.environ.get("CI"),
    reason="Azurite is not installed: scripts/engines.sh azurite",
)
def test_an_owner_lets_the_deployer_into_the_states_storage(
    place: Place, owner: AuthorizationManagementClient
) -> None:
    state = {
        "kind": "azurerm",
        "resource_group": "modest-rg",
        "storage_account": "supabasemodest",
        "container": "states",
        "location": "centralus",
        "replication": "LRS",
        "lock": False,
        "assign_role": False,
    }
    place.environment("modest", waits=patience(), state=state)

    program = place.start("bootstrap", "--environment", "modest")
    said = listen(program)
    made = 0
    deadline = time.monotonic() + PATIENCE
    while program.poll() is None and time.monotonic() < deadline:
        for words in commands(said)[made:]:
            assign(owner, words)
            made += 1
        time.sleep(0.2)

    assert program.returncode == 0, "".join(said)
    assert made == 1
    assert "bootstrap: 3 to create" in "".join(said)


def test_who_may_not_assign_learns_it_before_anything_is_built(
    place: Place, tmp_path: Path, owner: AuthorizationManagementClient
) -> None:
    """The last test of this module: afterwards the deployer is no owner any more."""
    place.environment("refused")
    subscription = f"/subscriptions/{place.variables['ARM_SUBSCRIPTION_ID']}"
    mine = next(iter(owner.role_assignments.list_for_scope(subscription, filter="atScope()")))
    words = ["az", "role", "assignment", "create", "--role", "Contributor"]
    assign(owner, [*words, "--assignee-object-id", mine.principal_id, "--scope", subscription])
    owner.role_assignments.delete_by_id(str(mine.id))
    before = written(place)

    ended = place.run("deploy", "--environment", "refused", **decided(tmp_path, "refused", ""))
    without = decided(tmp_path, "refused", WITHOUT)
    asked = place.run("preflight", "--environment", "refused", **without)

    assert ended.code == 2, ended.text
    assert "Microsoft.Authorization/roleAssignments/write" in ended.text
    assert "Microsoft.Authorization/policyAssignments/write" in ended.text
    assert "set assign_roles = false" in ended.text
    assert written(place) == before
    assert asked.code == 0, asked.text
    assert "leaves the roles to an owner" in asked.text
