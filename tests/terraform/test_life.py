"""Both stacks through the command line, against the sandbox: built, kept, changed, removed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tasks import terraform as deployer
from tests.terraform.changes import CHANGES, changed
from tests.terraform.conftest import STACKS
from tests.terraform.stacks import PASSWORD, Stacks

APPLIED = {  # One of each kind; what the rest would do is known from plans.
    "cluster.pools.apps.max",
    "database.backup_days",
    "database.name",
    "logs.retention_days",
    "network.clients",
    "observability.emails",
    "storage.versions_days",
    "vault.allowed",
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, sandbox: Mapping[str, str]) -> Iterator[Stacks]:
    """An environment that is there; tests look at it and leave it as it is."""
    stacks = Stacks(tmp_path_factory.mktemp("built"), sandbox, "supabase-built")
    stacks.build()
    yield stacks
    for stack in reversed(STACKS):
        stacks.destroy(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_a_second_plan_is_empty(built: Stacks, stack: str) -> None:
    assert built.changes(stack) == {}


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_that_can_carry_tags_says_whose_it_is(built: Stacks, stack: str) -> None:
    tagged = {
        address: values["tags"]
        for address, values in built.resources(stack).items()
        if "tags" in values
    }

    assert tagged
    for address, tags in tagged.items():
        assert (tags or {}).get("environment") == "supabase-built", address


def test_the_tasks_understand_the_outputs(built: Stacks) -> None:
    foundation = deployer.Foundation(**built.outputs("foundation"))
    platform = deployer.Platform(**built.outputs("platform"))

    assert foundation.vault_uri == "https://supabase-built-kv.vault.azure.net/"
    assert len(foundation.role_assignments) == 8
    assert platform.database_host == "supabase-built-pg.postgres.database.azure.com"


def test_the_first_password_is_kept_nowhere(built: Stacks) -> None:
    written = [path for path in built.terraform.root.rglob("*") if path.is_file()]

    assert any(path.suffix == ".tfstate" for path in written)
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []


def test_services_answer_their_private_endpoints_alone(built: Stacks) -> None:
    account = built.resources("foundation")["module.storage.azurerm_storage_account.this"]
    addresses = built.outputs("platform")["private_addresses"]

    (rules,) = account["network_rules"]
    assert rules["default_action"] == "Deny"
    assert rules["bypass"] == ["AzureServices"]
    assert not rules["virtual_network_subnet_ids"]
    assert not rules["ip_rules"]
    assert set(addresses) == {"vault", "storage", "registry"}
    assert all(address.startswith("10.40.5.") for address in addresses.values())


def test_another_edge_leaves_the_gateways_subnet_in_place(built: Stacks) -> None:
    changes = built.changes("foundation", '-var=edge={kind="applicationGateway"}')

    # Pods are opened to the gateway; nobody is named as a client.
    assert changes == {'module.network.azurerm_network_security_group.this["cluster"]': ["update"]}


def test_switching_observability_off_takes_its_resources_and_the_agents(built: Stacks) -> None:
    changes = built.changes("platform", "-var=observability={enabled=false}")

    cluster = changes.pop("module.cluster.azurerm_kubernetes_cluster.this")
    assert cluster == ["update"]
    assert {tuple(how) for how in changes.values()} == {("delete",)}
    assert all(address.startswith("module.observability[0].") for address in changes)


def test_an_environment_changes_and_goes(tmp_path: Path, sandbox: Mapping[str, str]) -> None:
    stacks = Stacks(tmp_path, sandbox, "supabase-life")
    stacks.build()

    some = [change for change in CHANGES if change.decision in APPLIED]
    file = tmp_path / "changed.tfvars.json"
    file.write_text(changed("supabase-life", some))
    decisions = [f"-var-file={file}", '-var=tags={team="data"}']
    for stack in STACKS:
        stacks.apply(stack, *decisions)
        assert stacks.changes(stack, *decisions) == {}
    for stack in reversed(STACKS):
        stacks.destroy(stack)

    assert [stacks.terraform(stack, "state", "list") for stack in STACKS] == ["", ""]
    stacks.apply("foundation")  # The name is free again: nothing is left behind, nor half deleted.
    stacks.destroy("foundation")
