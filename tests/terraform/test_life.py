"""Both stacks through the command line, against the sandbox: built, kept, changed, removed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tasks import terraform as deployer
from tests.terraform.conftest import STACKS, Terraform, copy_of_the_code

PASSWORD = "Born-to-be-replaced-1"
EMPTY, CHANGES = 0, 2  # What `plan -detailed-exitcode` says.


class Stacks:
    """The two stacks of one environment, in a working copy of their own."""

    def __init__(self, folder: Path, sandbox: Mapping[str, str], name: str) -> None:
        variables = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        password = {"TF_VAR_database_password": PASSWORD}
        self.terraform = Terraform(copy_of_the_code(folder), {**sandbox, **variables, **password})
        self.decided = ["-var-file=../vars/sandbox.tfvars", f"-var=name={name}"]
        for stack in STACKS:
            self.terraform.init(stack)

    def build(self) -> None:
        for stack in STACKS:
            self.apply(stack)

    def apply(self, stack: str, *decisions: str) -> None:
        if stack == "platform":
            given = self.terraform.root / "platform" / "given.auto.tfvars.json"
            given.write_text(json.dumps({"foundation": self.outputs("foundation")}))
        options = ["-auto-approve", "-input=false", "-no-color", *self.decided, *decisions]
        self.terraform(stack, "apply", *options)

    def destroy(self, stack: str) -> None:
        options = ["-auto-approve", "-input=false", "-no-color", *self.decided]
        self.terraform(stack, "destroy", *options)

    def changes(self, stack: str, *decisions: str) -> dict[str, list[str]]:
        """What a plan wants to do, by address; asks Azure for the present first."""
        options = ["-out=plan", "-detailed-exitcode", "-input=false", *self.decided, *decisions]
        self.terraform(stack, "plan", *options, accept=(EMPTY, CHANGES))
        plan = self.terraform.json(stack, "show", "-json", "plan")
        wanted = {one["address"]: one["change"]["actions"] for one in plan["resource_changes"]}
        return {address: how for address, how in wanted.items() if how != ["no-op"]}

    def outputs(self, stack: str) -> dict[str, Any]:
        found = self.terraform.json(stack, "output", "-json")
        return {name: output["value"] for name, output in found.items()}

    def resources(self, stack: str) -> dict[str, dict[str, Any]]:
        """Attributes of everything in the state, by address."""
        root = self.terraform.json(stack, "show", "-json")["values"]["root_module"]
        modules = [root, *root.get("child_modules", [])]
        return {
            resource["address"]: resource["values"]
            for module in modules
            for resource in module.get("resources", [])
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


def test_the_storage_account_answers_the_subnet_of_the_cluster_alone(built: Stacks) -> None:
    account = built.resources("foundation")["module.storage.azurerm_storage_account.this"]

    (rules,) = account["network_rules"]
    assert rules["default_action"] == "Deny"
    assert rules["bypass"] == ["AzureServices"]
    assert rules["virtual_network_subnet_ids"] == [built.outputs("foundation")["cluster_subnet_id"]]
    assert not rules["ip_rules"]


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
    network = '{clients=["203.0.113.0/24"],private_endpoints=false}'

    changes = built.changes("foundation", f"-var=network={network}")

    group = 'module.network.azurerm_network_security_group.this["cluster"]'
    assert changes == {group: ["update"]}


def test_an_environment_changes_and_goes(tmp_path: Path, sandbox: Mapping[str, str]) -> None:
    stacks = Stacks(tmp_path, sandbox, "supabase-life")
    stacks.build()

    network = '{clients=["203.0.113.0/24"],private_endpoints=false}'
    decisions = ['-var=tags={team="data"}', f"-var=network={network}"]
    for stack in STACKS:
        stacks.apply(stack, *decisions)
        assert stacks.changes(stack, *decisions) == {}
    for stack in reversed(STACKS):
        stacks.destroy(stack)

    assert [stacks.terraform(stack, "state", "list") for stack in STACKS] == ["", ""]
    stacks.apply("foundation")  # The name is free again: nothing is left behind, nor half deleted.
    stacks.destroy("foundation")
