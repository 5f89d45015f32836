"""Both stacks through the command line, against the sandbox: built, kept, changed, removed."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tasks import terraform as deployer
from tests.terraform.conftest import STACKS
from tests.terraform.stacks import PASSWORD, Stacks


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
def test_other_tags_change_resources_in_place(built: Stacks, stack: str) -> None:
    changes = built.changes(stack, '-var=tags={team="data"}')

    assert changes
    assert {tuple(actions) for actions in changes.values()} == {("update",)}


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


def test_a_bigger_machine_keeps_cluster_and_pools(built: Stacks) -> None:
    system = '{size="Standard_D8ds_v5",min=2,max=3}'
    pools = '{apps={size="Standard_D8ds_v5",min=2,max=4}}'

    changes = built.changes(
        "platform", f"-var=cluster={{policy=false,system={system},pools={pools}}}"
    )

    assert changes == {
        "module.cluster.azurerm_kubernetes_cluster.this": ["update"],
        'module.cluster.azurerm_kubernetes_cluster_node_pool.this["apps"]': ["update"],
    }


def test_a_client_is_let_in_without_a_change_of_anything_else(built: Stacks) -> None:
    network = '{clients=["203.0.113.0/24"]}'

    changes = built.changes("foundation", f"-var=network={network}")

    group = 'module.network.azurerm_network_security_group.this["cluster"]'
    assert changes == {group: ["update"]}


def test_other_receivers_budgets_and_thresholds_change_what_tells_them_and_nothing_else(
    built: Stacks,
) -> None:
    wanted = 'emails=["on-call@example.com","second@example.com"],budget=950'
    thresholds = "thresholds={database_cpu_percent=70,latency_p99_seconds=2}"

    changes = built.changes("platform", f"-var=observability={{{wanted},{thresholds}}}")

    module = "module.observability[0]"
    assert changes == {
        f"{module}.azurerm_consumption_budget_resource_group.this[0]": ["update"],
        f"{module}.azurerm_monitor_action_group.this": ["update"],
        f"{module}.azurerm_monitor_alert_prometheus_rule_group.alerts": ["update"],
        f'{module}.azurerm_monitor_metric_alert.this["DatabaseProcessorBusy"]': ["update"],
    }


def test_switching_observability_off_takes_its_resources_and_the_agents(built: Stacks) -> None:
    changes = built.changes("platform", "-var=observability={enabled=false}")

    cluster = changes.pop("module.cluster.azurerm_kubernetes_cluster.this")
    assert cluster == ["update"]
    assert {tuple(how) for how in changes.values()} == {("delete",)}
    assert all(address.startswith("module.observability[0].") for address in changes)


def test_an_environment_changes_and_goes(tmp_path: Path, sandbox: Mapping[str, str]) -> None:
    stacks = Stacks(tmp_path, sandbox, "supabase-life")
    stacks.build()

    network = '{clients=["203.0.113.0/24"]}'
    decisions = ['-var=tags={team="data"}', f"-var=network={network}"]
    for stack in STACKS:
        stacks.apply(stack, *decisions)
        assert stacks.changes(stack, *decisions) == {}
    for stack in reversed(STACKS):
        stacks.destroy(stack)

    assert [stacks.terraform(stack, "state", "list") for stack in STACKS] == ["", ""]
    stacks.apply("foundation")  # The name is free again: nothing is left behind, nor half deleted.
    stacks.destroy("foundation")
