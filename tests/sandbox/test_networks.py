"""From where a service is reached: private endpoints and their names, peerings, firewalls."""

from typing import Any

import pytest

from tests.sandbox.conftest import Azure

NETWORKS = "Microsoft.Network/virtualNetworks"
ENDPOINT = "Microsoft.Network/privateEndpoints/vault"
ZONE = "Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
CLUSTER = "Microsoft.ContainerService/managedClusters/lab-aks"
VAULT = "Microsoft.KeyVault/vaults/lab-kv"


class Place:
    """A vault, two virtual networks, and a cluster in the one that is called `near`."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        azure.grant("Key Vault Secrets Officer", azure.identity.object, azure.new_vault())
        for number, name in enumerate(("near", "far")):
            space = f"10.{number}.0.0/16"
            subnets = [
                {"name": part, "properties": {"addressPrefix": f"10.{number}.{at}.0/24"}}
                for at, part in enumerate(("nodes", "endpoints"))
            ]
            properties = {"addressSpace": {"addressPrefixes": [space]}, "subnets": subnets}
            self.put(f"{NETWORKS}/{name}", properties)
        pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}
        placed = pool | {"vnetSubnetID": self.subnet("near", "nodes")}
        self.put(
            CLUSTER,
            {"dnsPrefix": "lab", "agentPoolProfiles": [placed]},
            identity={"type": "SystemAssigned"},
        )

    def put(self, path: str, properties: dict[str, Any], **more: Any) -> None:
        where = {} if path.count("/") > 2 else {"location": "westeurope"}
        made = self.azure.arm("PUT", path, where | {"properties": properties} | more)
        assert made.is_success, made.text

    def id(self, path: str) -> str:
        return f"{self.azure.group}/providers/{path}"

    def subnet(self, network: str, name: str) -> str:
        return self.id(f"{NETWORKS}/{network}/subnets/{name}")

    def close(self, **properties: Any) -> None:
        """Change who may come to the vault."""
        changed = self.azure.arm("PATCH", VAULT, {"properties": properties})
        assert changed.is_success, changed.text

    def connect(self, network: str) -> None:
        """An endpoint of the vault in a network, with its name in a zone."""
        service = {"privateLinkServiceId": self.id(VAULT), "groupIds": ["vault"]}
        connection = {"name": "vault", "properties": service}
        subnet = {"id": self.subnet(network, "endpoints")}
        self.put(ENDPOINT, {"subnet": subnet, "privateLinkServiceConnections": [connection]})
        self.azure.arm("PUT", ZONE, {"location": "global"})
        zone = {"name": "vault", "properties": {"privateDnsZoneId": self.id(ZONE)}}
        self.put(f"{ENDPOINT}/privateDnsZoneGroups/default", {"privateDnsZoneConfigs": [zone]})

    def link(self, network: str) -> None:
        """Let a network resolve the names in the zone."""
        properties = {
            "virtualNetwork": {"id": self.id(f"{NETWORKS}/{network}")},
            "registrationEnabled": False,
        }
        self.put(f"{ZONE}/virtualNetworkLinks/{network}", properties, location="global")

    def peer(self, one: str, other: str) -> None:
        remote = {"remoteVirtualNetwork": {"id": self.id(f"{NETWORKS}/{other}")}}
        self.put(f"{NETWORKS}/{one}/virtualNetworkPeerings/{other}", remote)

    def ask(self, network: str = "lab-aks") -> str:
        """What the vault says to a caller: nothing, or why not."""
        headers = self.azure.bearer("https://vault.azure.net")
        self.azure.network = network
        answer = self.azure.vault("GET", "/secrets", headers=headers)
        self.azure.network = ""
        return "" if answer.is_success else answer.json()["error"]["innererror"]["code"]


@pytest.fixture
def place(azure: Azure) -> Place:
    return Place(azure)


def test_an_endpoint_leads_to_a_closed_vault_once_its_name_resolves(place: Place) -> None:
    place.close(publicNetworkAccess="Disabled")
    place.connect("near")

    unnamed = place.ask()
    place.link("near")

    assert unnamed == "ForbiddenByConnection"
    assert place.ask() == ""
    assert place.ask(network="") == "ForbiddenByConnection"


def test_an_endpoint_elsewhere_is_reached_through_a_peering_only(place: Place) -> None:
    place.close(publicNetworkAccess="Disabled")
    place.connect("far")
    place.link("near")

    apart = place.ask()
    place.peer("near", "far")
    place.peer("far", "near")

    assert apart == "ForbiddenByConnection"
    assert place.ask() == ""


def test_a_firewall_lets_in_the_subnet_that_it_names(place: Place) -> None:
    def rules(name: tuple[str, str]) -> dict[str, Any]:
        return {"defaultAction": "Deny", "virtualNetworkRules": [{"id": place.subnet(*name)}]}

    found = []
    for name in (("far", "nodes"), ("near", "endpoints"), ("near", "nodes")):
        place.close(networkAcls=rules(name))
        found.append(place.ask())

    assert found == ["ForbiddenByFirewall", "ForbiddenByFirewall", ""]


def test_a_cluster_comes_to_a_firewall_with_an_address_of_its_own(place: Place) -> None:
    found = []
    for address in ("203.0.113.10", "198.51.100.0/24"):
        place.close(networkAcls={"defaultAction": "Deny", "ipRules": [{"value": address}]})
        found.append((place.ask(), place.ask(network="")))

    assert found == [("ForbiddenByFirewall", ""), ("", "ForbiddenByFirewall")]
