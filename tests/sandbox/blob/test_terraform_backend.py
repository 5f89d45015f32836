"""Terraform's own azurerm backend: state in a blob, locked by its lease."""

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sandbox.blob.conftest import PATIENCE, Account, Lab, eventually, exported, sandbox

CONTAINER, KEY = "tfstate", "lab.tfstate"
MAIN = """
terraform {
  backend "azurerm" {}
}

resource "terraform_data" "this" {
  input = "%s"
}
"""
SLOW = """}

resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = "touch started; exec sleep 600"
  }
}

res"""
pytestmark = pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not on PATH")
Terraform = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def terraform(lab: Lab, tmp_path: Path) -> Terraform:
    def run(*argv: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *argv, "-no-color"],
            cwd=tmp_path,
            env=os.environ | lab.environment | {"TF_IN_AUTOMATION": "1"} | more,
            capture_output=True,
            text=True,
            check=False,
        )

    (tmp_path / "main.tf").write_text(MAIN % "one")
    return run


def init(terraform: Terraform, account: Account, *options: str) -> None:
    settings = {
        "resource_group_name": "lab",
        "storage_account_name": account.name,
        "container_name": CONTAINER,
        "key": KEY,
    }
    values = [f"-backend-config={name}={value}" for name, value in settings.items()]
    done = terraform("init", "-input=false", *values, *options)
    assert done.returncode == 0, done.stderr


def state_of(account: Account) -> str:
    blob = account.client().get_blob_client(CONTAINER, KEY)
    found = json.loads(blob.download_blob().readall())
    return str(found["resources"][0]["instances"][0]["attributes"]["input"]["value"])


def test_state_is_written_with_the_keys_that_resource_manager_lists(
    terraform: Terraform, account: Account, tmp_path: Path
) -> None:
    account.client().create_container(CONTAINER)
    init(terraform, account)

    first = terraform("apply", "-auto-approve")
    (tmp_path / "main.tf").write_text(MAIN % "two")
    second = terraform("apply", "-auto-approve")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert state_of(account) == "two"
    assert terraform("plan", "-detailed-exitcode").returncode == 0


def test_a_lock_is_a_lease_that_outlives_a_killed_run_until_somebody_forces_it(
    lab: Lab, terraform: Terraform, account: Account, tmp_path: Path
) -> None:
    container = account.client().create_container(CONTAINER)
    init(terraform, account)
    assert terraform("apply", "-auto-approve").returncode == 0
    blob = container.get_blob_client(KEY)
    (tmp_path / "main.tf").write_text(MAIN.replace("}\n\nres", SLOW) % "two")
    first = subprocess.Popen(
        ["terraform", "apply", "-auto-approve"],
        cwd=tmp_path,
        env=os.environ | lab.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until((tmp_path / "started").exists)
        refused = terraform("apply", "-auto-approve")
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()

    held = blob.get_blob_properties()
    lock = json.loads(base64.b64decode(held.metadata["terraformlockid"]))
    unlocked = terraform("force-unlock", "-force", lock["ID"])

    assert refused.returncode == 1
    assert "state blob is already locked" in refused.stderr
    assert lock["ID"] in refused.stderr
    assert held.lease.state == "leased"
    assert unlocked.returncode == 0, unlocked.stderr
    assert blob.get_blob_properties().lease.state == "available"


def test_state_is_written_with_a_role_alone(
    terraform: Terraform, lab: Lab, account: Account
) -> None:
    account.change(allowSharedKeyAccess=False)
    container = account.client(lab.credential).get_container_client(CONTAINER)
    lab.grant("Storage Blob Data Contributor", lab.deployer, account.id)
    container.create_container()
    eventually(lambda: list(container.list_blob_names()))
    init(terraform, account, "-backend-config=use_azuread_auth=true")

    done = terraform("apply", "-auto-approve")

    assert done.returncode == 0, done.stderr
    assert b"terraform_data" in container.download_blob(KEY).readall()


def test_state_is_written_by_an_identity_without_a_secret(
    terraform: Terraform, lab: Lab, account: Account
) -> None:
    path = f"{lab.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/deployer"
    made = lab.arm("PUT", path, {"location": "westeurope"}).json()
    account.client().create_container(CONTAINER)
    role = lab.grant("Storage Blob Data Contributor", made["properties"]["principalId"], account.id)
    me = dict.fromkeys(("ARM_CLIENT_SECRET", "AZURE_CLIENT_SECRET"), "")
    me |= exported(sandbox("env", lab.state, "--identity", "deployer"))
    settings = {"storage_account_name": account.name, "container_name": CONTAINER, "key": KEY}
    values = [f"-backend-config={name}={value}" for name, value in settings.items()]

    begun = terraform(
        "init", "-input=false", *values, "-backend-config=use_azuread_auth=true", **me
    )
    done = terraform("apply", "-auto-approve", **me)

    assert begun.returncode == 0, begun.stderr
    assert done.returncode == 0, done.stderr
    assert state_of(account) == "one"
    lab.arm("DELETE", role)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)
