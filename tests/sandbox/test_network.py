"""Microsoft.Network, as an ARM client sees it."""

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, Caller, ResourceId
from sandbox.cloud import network
from sandbox.latency import Latency
from sandbox.store import Store

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
SPACE = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}}


class Cloud:
    """A group in a simulated cloud, and one that calls it."""

    def __init__(self, latency: Latency | None = None) -> None:
        self.time = 1000.0
        self.store = Store(latency, clock=lambda: self.time)
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        app = Starlette(
            routes=network.routes(self.store), exception_handlers={arm.ArmError: arm.answer}
        )

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.app = known

    def __call__(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                url = f"https://{arm.HOST}{GROUP}/providers/Microsoft.Network/{path}"
                return await client.request(
                    verb, url, json=body, params={"api-version": "2025-01-01"}
                )

        return asyncio.run(send())

    def put(self, path: str, properties: dict[str, Any], **more: Any) -> httpx.Response:
        return self("PUT", path, {"location": "westeurope", "properties": properties, **more})


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud.put("virtualNetworks/net", SPACE)
    return cloud


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_a_subnet_is_shown_alone_and_in_its_network(cloud: Cloud) -> None:
    made = cloud.put("virtualNetworks/net/subnets/nodes", {"addressPrefixes": ["10.1.0.0/20"]})

    shown = cloud("GET", "virtualNetworks/net").json()["properties"]

    assert made.status_code == 201
    assert shown["provisioningState"] == "Succeeded"
    assert [subnet["name"] for subnet in shown["subnets"]] == ["nodes"]
    assert shown["subnets"][0]["properties"]["provisioningState"] == "Succeeded"


def test_subnets_in_the_body_of_a_network_become_resources(cloud: Cloud) -> None:
    subnet = {"name": "pods", "properties": {"addressPrefix": "10.1.64.0/20"}}

    cloud.put("virtualNetworks/net", SPACE | {"subnets": [subnet]})

    found = cloud("GET", "virtualNetworks/net/subnets/pods")
    assert found.json()["properties"]["addressPrefix"] == "10.1.64.0/20"


def test_a_network_update_without_a_list_keeps_its_subnets(cloud: Cloud) -> None:
    cloud.put("virtualNetworks/net/subnets/nodes", {"addressPrefixes": ["10.1.0.0/20"]})

    cloud.put("virtualNetworks/net", SPACE, tags={"team": "data"})

    assert cloud("GET", "virtualNetworks/net/subnets/nodes").status_code == 200


@pytest.mark.parametrize(
    ("prefix", "code"),
    [
        ("10.2.0.0/24", "NetcfgInvalidSubnet"),
        ("10.1.0.128/25", "NetcfgSubnetRangesOverlap"),
        ("10.1.0.1/24", "InvalidAddressPrefixFormat"),
    ],
)
def test_a_subnet_that_its_network_cannot_hold_is_refused(
    cloud: Cloud, prefix: str, code: str
) -> None:
    cloud.put("virtualNetworks/net/subnets/nodes", {"addressPrefixes": ["10.1.0.0/24"]})

    answer = cloud.put("virtualNetworks/net/subnets/other", {"addressPrefixes": [prefix]})

    assert error(answer) == (400, code)


def test_a_subnet_cannot_point_at_a_group_that_does_not_exist(cloud: Cloud) -> None:
    missing = f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/none"
    wanted = {"addressPrefixes": ["10.1.0.0/24"], "networkSecurityGroup": {"id": missing}}

    answer = cloud.put("virtualNetworks/net/subnets/nodes", wanted)

    assert error(answer) == (400, "InvalidResourceReference")


def test_a_security_group_in_use_says_by_whom_and_stays(cloud: Cloud) -> None:
    group = cloud.put("networkSecurityGroups/nsg", {}).json()["id"]
    wanted = {"addressPrefixes": ["10.1.0.0/24"], "networkSecurityGroup": {"id": group}}
    cloud.put("virtualNetworks/net/subnets/nodes", wanted)

    answer = cloud("DELETE", "networkSecurityGroups/nsg")

    assert error(answer) == (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    assert "subnets/nodes" in answer.json()["error"]["message"]


def test_a_security_group_shows_its_rules_its_defaults_and_its_subnets(cloud: Cloud) -> None:
    rule = {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp"}
    group = cloud.put("networkSecurityGroups/nsg", {}).json()["id"]
    cloud.put("networkSecurityGroups/nsg/securityRules/https", rule)
    wanted = {"addressPrefixes": ["10.1.0.0/24"], "networkSecurityGroup": {"id": group}}
    subnet = cloud.put("virtualNetworks/net/subnets/nodes", wanted).json()["id"]

    shown = cloud("GET", "networkSecurityGroups/nsg").json()["properties"]

    assert [one["name"] for one in shown["securityRules"]] == ["https"]
    assert len(shown["defaultSecurityRules"]) == 6
    assert shown["subnets"] == [{"id": subnet}]


def test_a_group_that_is_sent_back_as_shown_does_not_hold_its_subnets(cloud: Cloud) -> None:
    group = cloud.put("networkSecurityGroups/nsg", {}).json()["id"]
    wanted = {"addressPrefixes": ["10.1.0.0/24"], "networkSecurityGroup": {"id": group}}
    cloud.put("virtualNetworks/net/subnets/nodes", wanted)

    cloud("PUT", "networkSecurityGroups/nsg", cloud("GET", "networkSecurityGroups/nsg").json())

    assert cloud("DELETE", "virtualNetworks/net/subnets/nodes").status_code == 200


@pytest.mark.parametrize(
    ("priority", "code"), [(99, "SecurityRuleInvalidPriority"), (100, "SecurityRuleConflict")]
)
def test_a_rule_needs_a_priority_of_its_own(cloud: Cloud, priority: int, code: str) -> None:
    cloud.put("networkSecurityGroups/nsg", {})
    rule = {"direction": "Inbound", "access": "Deny", "protocol": "*"}
    cloud.put("networkSecurityGroups/nsg/securityRules/one", rule | {"priority": 100})

    answer = cloud.put("networkSecurityGroups/nsg/securityRules/two", rule | {"priority": priority})

    assert error(answer) == (400, code)


def test_a_private_zone_is_born_with_a_start_of_authority(cloud: Cloud) -> None:
    cloud("PUT", "privateDnsZones/lab.private.postgres.database.azure.com", {"location": "global"})

    soa = cloud("GET", "privateDnsZones/lab.private.postgres.database.azure.com/SOA/@").json()

    assert soa["properties"]["soaRecord"]["host"] == "azureprivatedns.net"


def test_a_linked_zone_counts_its_links_and_is_not_deleted(cloud: Cloud) -> None:
    net = cloud("GET", "virtualNetworks/net").json()["id"]
    cloud("PUT", "privateDnsZones/lab.example", {"location": "global"})
    cloud.put(
        "privateDnsZones/lab.example/virtualNetworkLinks/net", {"virtualNetwork": {"id": net}}
    )

    zone = cloud("GET", "privateDnsZones/lab.example").json()["properties"]
    answer = cloud("DELETE", "privateDnsZones/lab.example")

    assert zone["numberOfVirtualNetworkLinks"] == 1
    assert error(answer) == (409, "CannotDeleteResource")


def test_a_private_endpoint_gets_an_address_and_writes_it_into_its_zone(cloud: Cloud) -> None:
    vault = ResourceId(f"{GROUP}/providers/Microsoft.KeyVault/vaults/lab-kv")
    cloud.store.put(vault, {"location": "westeurope"})
    subnet = cloud.put("virtualNetworks/net/subnets/pe", {"addressPrefix": "10.1.9.0/24"}).json()
    zone = cloud("PUT", "privateDnsZones/privatelink.vaultcore.azure.net", {"location": "global"})
    service = {"privateLinkServiceId": str(vault), "groupIds": ["vault"]}

    cloud.put(
        "privateEndpoints/kv",
        {
            "subnet": {"id": subnet["id"]},
            "privateLinkServiceConnections": [{"name": "kv", "properties": service}],
        },
    )
    configuration = {"name": "kv", "properties": {"privateDnsZoneId": zone.json()["id"]}}
    cloud.put(
        "privateEndpoints/kv/privateDnsZoneGroups/default",
        {"privateDnsZoneConfigs": [configuration]},
    )

    endpoint = cloud("GET", "privateEndpoints/kv").json()["properties"]
    card = endpoint["networkInterfaces"][0]["id"].rpartition("/")[2]
    shown = cloud("GET", f"networkInterfaces/{card}").json()["properties"]["ipConfigurations"]
    record = cloud("GET", "privateDnsZones/privatelink.vaultcore.azure.net/A/lab-kv").json()
    assert shown[0]["properties"]["privateIPAddress"] == "10.1.9.4"
    assert record["properties"]["aRecords"] == [{"ipv4Address": "10.1.9.4"}]
    state = endpoint["privateLinkServiceConnections"][0]["properties"]
    assert state["privateLinkServiceConnectionState"]["status"] == "Approved"


def test_a_deleted_private_endpoint_leaves_nothing_behind(cloud: Cloud) -> None:
    vault = ResourceId(f"{GROUP}/providers/Microsoft.KeyVault/vaults/lab-kv")
    cloud.store.put(vault, {"location": "westeurope"})
    subnet = cloud.put("virtualNetworks/net/subnets/pe", {"addressPrefix": "10.1.9.0/24"}).json()
    service = {"privateLinkServiceId": str(vault), "groupIds": ["vault"]}
    connection = {"name": "kv", "properties": service}
    cloud.put(
        "privateEndpoints/kv",
        {"subnet": {"id": subnet["id"]}, "privateLinkServiceConnections": [connection]},
    )

    cloud("DELETE", "privateEndpoints/kv")

    assert cloud("GET", "networkInterfaces").json()["value"] == []
    assert cloud("DELETE", "virtualNetworks/net/subnets/pe").status_code == 200


def test_a_static_public_address_is_known_and_reaches_its_gateway(cloud: Cloud) -> None:
    address = cloud.put("publicIPAddresses/nat", {"publicIPAllocationMethod": "Static"}).json()

    gateway = cloud.put("natGateways/nat", {"publicIpAddresses": [{"id": address["id"]}]})

    assert address["properties"]["ipAddress"].startswith("20.")
    assert gateway.status_code == 201
    assert error(cloud("DELETE", "publicIPAddresses/nat")) == (
        400,
        "PublicIPAddressCannotBeDeleted",
    )


def test_a_network_takes_one_change_at_a_time() -> None:
    cloud = Cloud(Latency("typical"))
    first = cloud.put("virtualNetworks/net", SPACE)

    second = cloud.put("virtualNetworks/net", SPACE)

    assert "Azure-AsyncOperation" in first.headers
    assert error(second) == (429, "AnotherOperationInProgress")
    cloud.time += 5
    assert cloud.put("virtualNetworks/net", SPACE).status_code == 200
