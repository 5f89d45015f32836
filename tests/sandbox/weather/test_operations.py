"""Operations in bad weather, as the Azure SDK sees them."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

from tests.sandbox.weather.conftest import Sandbox, until

STORAGE = "Microsoft.Storage/storageAccounts"
ACCOUNT: Any = {"location": "westeurope", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}


@pytest.fixture
def credential(sandbox: Sandbox) -> Iterator[ClientSecretCredential]:
    """Of the deployer; every client of this process is pointed to the sandbox."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment.items():
            patch.setenv(name, value)
        tenant, client, secret = (
            sandbox.environment[f"ARM_{name}"]
            for name in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
        )
        yield ClientSecretCredential(tenant, client, secret)


@pytest.fixture
def accounts(sandbox: Sandbox, credential: ClientSecretCredential) -> StorageManagementClient:
    return StorageManagementClient(credential, sandbox.environment["ARM_SUBSCRIPTION_ID"])


@pytest.fixture
def groups(sandbox: Sandbox, credential: ClientSecretCredential) -> ResourceManagementClient:
    return ResourceManagementClient(credential, sandbox.environment["ARM_SUBSCRIPTION_ID"])


def name() -> str:
    return f"w{uuid.uuid4().hex[:12]}"


def test_a_stuck_operation_ends_when_its_fault_goes(
    sandbox: Sandbox, accounts: StorageManagementClient
) -> None:
    group, account = sandbox.make_group(), name()
    sandbox.add(f"{{id: hang, when: {{type: {STORAGE}, change: create}}, then: {{stuck: true}}}}")

    poller = accounts.storage_accounts.begin_create(
        group.rpartition("/")[2], account, ACCOUNT, polling_interval=0.1
    )
    path = f"{group}/providers/{STORAGE}/{account}"
    before = sandbox.arm("GET", path).json()["properties"]["provisioningState"]
    stuck = not poller.done()
    sandbox.remove("hang")
    made = poller.result(60)

    assert (before, stuck) == ("Creating", True)
    assert made.provisioning_state == "Succeeded"


def test_an_operation_fails_after_azure_accepted_it(
    sandbox: Sandbox, accounts: StorageManagementClient
) -> None:
    group, account = sandbox.make_group(), name()
    sandbox.add(f"""
      when: {{type: {STORAGE}, path: "*/{account}"}}
      calls: 1
      then: {{fail: {{code: StorageAccountOperationInProgress, message: No luck today.}}}}
    """)

    def create() -> Any:
        return accounts.storage_accounts.begin_create(
            group.rpartition("/")[2], account, ACCOUNT, polling_interval=0.1
        ).result(60)

    with pytest.raises(HttpResponseError, match="No luck today"):
        create()
    path = f"{group}/providers/{STORAGE}/{account}"
    failed = sandbox.arm("GET", path).json()["properties"]["provisioningState"]
    again = create()

    assert failed == "Failed"
    assert again.provisioning_state == "Succeeded"


def test_a_deletion_that_fails_leaves_what_it_was_to_delete(
    sandbox: Sandbox, groups: ResourceManagementClient
) -> None:
    group = sandbox.make_group()
    sandbox.add(f"""
      when: {{path: "{group}", change: delete}}
      calls: 1
      then: {{fail: {{code: ResourceGroupDeletionBlocked, message: It is in use.}}}}
    """)

    with pytest.raises(HttpResponseError, match="It is in use"):
        groups.resource_groups.begin_delete(group.rpartition("/")[2], polling_interval=0.1).result(
            60
        )

    assert sandbox.arm("GET", group).status_code == 200
    assert sandbox.arm("DELETE", group).status_code in (200, 202)
    until(lambda: sandbox.arm("GET", group).status_code == 404)


def test_status_tells_what_is_stuck_and_why(sandbox: Sandbox) -> None:
    group = sandbox.make_group()
    sandbox.add(f'{{id: hang, when: {{path: "{group}"}}, then: {{stuck: true}}}}')
    sandbox.arm("DELETE", group)

    shown = sandbox.run("status").stdout

    assert "stuck" in shown
    assert "hang" in shown
    assert "the operation never ends" in shown


def test_what_is_stuck_goes_on_after_a_restart(sandbox: Sandbox) -> None:
    group = sandbox.make_group()
    sandbox.add(f'{{id: hang, when: {{path: "{group}"}}, then: {{stuck: true}}}}')
    sandbox.arm("DELETE", group)
    assert sandbox.arm("GET", group).json()["properties"]["provisioningState"] == "Deleting"
    options = ["--port", str(sandbox.running["port"]), "--profile", "instant", "--scale", "0.1"]

    sandbox.run("down")
    sandbox.run("up", *options)
    del sandbox.running

    assert sandbox.faults == []
    until(lambda: sandbox.arm("GET", group).status_code == 404)
