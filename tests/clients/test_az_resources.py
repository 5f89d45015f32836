"""`az group`, `az resource`, `az provider` and what lies in networks."""

import pytest

from tests.clients.azure_cli import Az
from tests.clients.conftest import LOCATION

NETWORK = "Microsoft.Network/virtualNetworks"


@pytest.fixture(scope="module")
def network_id(az: Az, group: str) -> str:
    """A virtual network with one subnet and a tag."""
    made = az(
        *("network", "vnet", "create", "--resource-group", group, "--name", "net"),
        *("--address-prefixes", "10.1.0.0/16", "--tags", "team=data"),
        *("--subnet-name", "nodes", "--subnet-prefixes", "10.1.0.0/24"),
    )
    return str(made["newVNet"]["id"])


def test_a_group_lives_from_create_to_delete(az: Az) -> None:
    made = az("group", "create", "--name", "short", "--location", LOCATION, "--tags", "for=test")
    shown = az("group", "show", "--name", "short")
    listed = az("group", "list", "--tag", "for=test")
    az("group", "delete", "--name", "short", "--yes")

    assert made == shown
    assert [one["name"] for one in listed] == ["short"]
    assert (made["tags"], made["properties"]) == (
        {"for": "test"},
        {"provisioningState": "Succeeded"},
    )
    assert az("group", "exists", "--name", "short") is False


def test_a_group_that_is_not_there_is_not_found(az: Az) -> None:
    said = az.refused("group", "show", "--name", "nowhere", code=3)

    assert "(ResourceGroupNotFound) Resource group 'nowhere' could not be found." in said


def test_a_group_stays_where_it_is(az: Az, group: str) -> None:
    said = az.refused("group", "create", "--name", group, "--location", "eastus")

    assert "(InvalidResourceGroupLocation)" in said


@pytest.mark.parametrize(
    "words",
    [("vnet",), ("nsg",), ("private-dns", "zone"), ("private-endpoint",), ("nat", "gateway")],
)
def test_networks_and_what_belongs_to_them_are_listed(
    az: Az, network_id: str, words: tuple[str, ...]
) -> None:
    ids = [one["id"] for one in az("network", *words, "list")]

    assert ids == ([network_id] if words == ("vnet",) else [])


def test_the_subnets_of_a_network_are_listed(az: Az, group: str, network_id: str) -> None:
    [subnet] = az(
        *("network", "vnet", "subnet", "list", "--resource-group", group, "--vnet-name", "net")
    )

    assert subnet["id"] == f"{network_id}/subnets/nodes"


def test_a_resource_is_shown_and_tagged_whatever_its_kind(az: Az, network_id: str) -> None:
    listed = az("resource", "list", "--resource-type", NETWORK, "--query", "[].id")
    shown = az("resource", "show", "--ids", network_id)
    tagged = az("resource", "tag", "--ids", network_id, "--tags", "team=web", "tier=1")

    assert listed == [network_id]
    assert shown["properties"]["addressSpace"] == {"addressPrefixes": ["10.1.0.0/16"]}
    assert tagged["tags"] == {"team": "web", "tier": "1"}
    assert az("resource", "list", "--tag", "team=data") == []


def test_providers_are_registered_and_name_their_kinds(az: Az) -> None:
    listed = az("provider", "list", "--query", "[].[namespace, registrationState]")
    shown = az("provider", "show", "--namespace", "Microsoft.Network")
    az("provider", "register", "--namespace", "Microsoft.Network")

    assert ["Microsoft.KeyVault", "Registered"] in listed
    assert "virtualNetworks" in [kind["resourceType"] for kind in shown["resourceTypes"]]
