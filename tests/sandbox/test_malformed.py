"""Whatever is wrong with the shape of a request, the cloud refuses it and goes on."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sandbox import arm
from tests.sandbox.conftest import VERSIONS, Azure, error_of

JUNK: tuple[Any, ...] = (None, True, 7, "junk", [], [7], {}, {"junk": 1})
MISSING = "nothing"
UNSUPPORTED = 501  # Said on purpose.
WHERE = {"location": "westeurope"}
GROUP = f"/subscriptions/{arm.SUBSCRIPTION}/resourceGroups"
NETWORK, AKS, STORAGE = "Microsoft.Network", "Microsoft.ContainerService", "Microsoft.Storage"
AUTHORIZATION = "Microsoft.Authorization"
NAME = "11111111-1111-1111-1111-111111111111"


def link(path: str) -> str:
    """The id of something in the group `lab`."""
    return f"{GROUP}/lab/providers/{path}"


NET = f"{NETWORK}/virtualNetworks/net"
SUBNET = f"{NET}/subnets/plain"
VAULT = "Microsoft.KeyVault/vaults/fuzz-kv"
ZONE = f"{NETWORK}/privateDnsZones/fuzz.private.postgres.database.azure.com"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/cluster"
KUBELET = "Microsoft.ManagedIdentity/userAssignedIdentities/kubelet"
ENDPOINT = f"{NETWORK}/privateEndpoints/endpoint"
ACCOUNT = f"{STORAGE}/storageAccounts/fuzzstg"
SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/fuzz-pg"
PUBLIC_SERVER = "Microsoft.DBforPostgreSQL/flexibleServers/fuzz-public"
CLUSTER = f"{AKS}/managedClusters/fuzz-aks"
POOL = {
    "mode": "System",
    "vmSize": "Standard_D4s_v5",
    "count": 2,
    "vnetSubnetID": link(SUBNET),
    "enableAutoScaling": True,
    "minCount": 1,
    "maxCount": 3,
    "nodeLabels": {"a": "b"},
    "availabilityZones": ["1"],
    "upgradeSettings": {"maxSurge": "10%"},
}
RULE = {
    "priority": 200,
    "direction": "Inbound",
    "access": "Deny",
    "protocol": "*",
    "sourcePortRange": "*",
    "destinationPortRanges": ["80"],
    "sourceAddressPrefix": "*",
    "destinationAddressPrefix": "*",
}
ROUTE = {
    "addressPrefix": "0.0.0.0/0",
    "nextHopType": "VirtualAppliance",
    "nextHopIpAddress": "10.1.0.4",
}
DELEGATION = {
    "name": "database",
    "properties": {"serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"},
}

READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
ASSIGNMENT = {
    "properties": {
        "roleDefinitionId": f"/providers/{AUTHORIZATION}/roleDefinitions/{READER}",
        "principalId": NAME,
        "principalType": "ServicePrincipal",
    }
}

# One good request for each kind of resource, in an order in which they can be made.
REQUESTS: dict[str, dict[str, Any]] = {
    f"{GROUP}/fuzz": WHERE | {"tags": {"a": "b"}},
    f"{GROUP}/lab/providers/{AUTHORIZATION}/roleAssignments/{NAME}": ASSIGNMENT,
    f"{NETWORK}/networkSecurityGroups/nsg": WHERE
    | {"properties": {"securityRules": [{"name": "deny", "properties": RULE}]}},
    f"{NETWORK}/networkSecurityGroups/nsg/securityRules/rule": {
        "properties": RULE | {"priority": 300}
    },
    f"{NETWORK}/routeTables/table": WHERE
    | {"properties": {"routes": [{"name": "out", "properties": ROUTE}]}},
    f"{NETWORK}/routeTables/table/routes/route": {"properties": ROUTE},
    f"{NETWORK}/publicIPAddresses/address": WHERE
    | {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}},
    f"{NETWORK}/natGateways/nat": WHERE
    | {
        "sku": {"name": "Standard"},
        "properties": {"publicIpAddresses": [{"id": link(f"{NETWORK}/publicIPAddresses/address")}]},
    },
    NET: WHERE
    | {
        "tags": {"a": "b"},
        "properties": {
            "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
            "subnets": [
                {"name": "plain", "properties": {"addressPrefix": "10.1.0.0/24"}},
                {
                    "name": "database",
                    "properties": {"addressPrefix": "10.1.1.0/24", "delegations": [DELEGATION]},
                },
            ],
        },
    },
    f"{NET}/subnets/own": {
        "properties": {
            "addressPrefixes": ["10.1.2.0/24"],
            "networkSecurityGroup": {"id": link(f"{NETWORK}/networkSecurityGroups/nsg")},
            "routeTable": {"id": link(f"{NETWORK}/routeTables/table")},
            "natGateway": {"id": link(f"{NETWORK}/natGateways/nat")},
            "serviceEndpoints": [{"service": "Microsoft.Storage"}],
            "delegations": [DELEGATION],
        }
    },
    ZONE: {"location": "global", "properties": {}},
    f"{ZONE}/virtualNetworkLinks/link": {
        "location": "global",
        "properties": {"virtualNetwork": {"id": link(NET)}, "registrationEnabled": False},
    },
    f"{ZONE}/A/a": {"properties": {"ttl": 10, "aRecords": [{"ipv4Address": "10.1.0.9"}]}},
    f"{ZONE}/AAAA/a": {"properties": {"ttl": 10, "aaaaRecords": [{"ipv6Address": "fd00::1"}]}},
    f"{ZONE}/CNAME/c": {"properties": {"ttl": 10, "cnameRecord": {"cname": "a.example"}}},
    f"{ZONE}/MX/m": {"properties": {"ttl": 10, "mxRecords": [{"preference": 1, "exchange": "a"}]}},
    f"{ZONE}/PTR/p": {"properties": {"ttl": 10, "ptrRecords": [{"ptrdname": "a.example"}]}},
    f"{ZONE}/SOA/@": {"properties": {"ttl": 10, "soaRecord": {"email": "a.example"}}},
    f"{ZONE}/SRV/s": {
        "properties": {
            "ttl": 10,
            "srvRecords": [{"priority": 1, "weight": 1, "port": 1, "target": "a"}],
        }
    },
    f"{ZONE}/TXT/t": {"properties": {"ttl": 10, "txtRecords": [{"value": ["a"]}], "metadata": {}}},
    IDENTITY: WHERE | {"properties": {}},
    KUBELET: WHERE | {"properties": {}},
    f"{IDENTITY}/federatedIdentityCredentials/federated": {
        "properties": {"issuer": "https://issuer.example", "subject": "s", "audiences": ["a"]}
    },
    VAULT: WHERE
    | {
        "properties": {
            "tenantId": arm.TENANT,
            "sku": {"family": "A", "name": "standard"},
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow", "ipRules": []},
            "softDeleteRetentionInDays": 7,
            "accessPolicies": [],
        }
    },
    ENDPOINT: WHERE
    | {
        "properties": {
            "subnet": {"id": link(SUBNET)},
            "customNetworkInterfaceName": "card",
            "privateLinkServiceConnections": [
                {
                    "name": "vault",
                    "properties": {"privateLinkServiceId": link(VAULT), "groupIds": ["vault"]},
                }
            ],
        }
    },
    f"{ENDPOINT}/privateDnsZoneGroups/group": {
        "properties": {
            "privateDnsZoneConfigs": [
                {"name": "zone", "properties": {"privateDnsZoneId": link(ZONE)}}
            ]
        }
    },
    ACCOUNT: WHERE
    | {
        "sku": {"name": "Standard_LRS"},
        "kind": "StorageV2",
        "properties": {
            "networkAcls": {"defaultAction": "Allow", "ipRules": []},
            "encryption": {"services": {"blob": {"enabled": True}}},
        },
    },
    f"{ACCOUNT}/blobServices/default": {"properties": {"cors": {"corsRules": []}}},
    f"{ACCOUNT}/fileServices/default": {"properties": {"cors": {"corsRules": []}}},
    f"{ACCOUNT}/blobServices/default/containers/files": {
        "properties": {"publicAccess": "None", "metadata": {"a": "b"}}
    },
    f"{ACCOUNT}/managementPolicies/default": {"properties": {"policy": {"rules": [{"name": "a"}]}}},
    "Microsoft.ContainerRegistry/registries/fuzzregistry": WHERE
    | {
        "sku": {"name": "Premium"},
        "properties": {"adminUserEnabled": True, "networkRuleSet": {"ipRules": []}},
    },
    SERVER: WHERE
    | {
        "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
        "properties": {
            "version": "16",
            "administratorLogin": "pgadmin",
            "administratorLoginPassword": "Correct-Horse-9",
            "storage": {"storageSizeGB": 64},
            "backup": {"backupRetentionDays": 7},
            "highAvailability": {"mode": "Disabled"},
            "network": {
                "delegatedSubnetResourceId": link(f"{NET}/subnets/database"),
                "privateDnsZoneArmResourceId": link(ZONE),
            },
        },
    },
    PUBLIC_SERVER: WHERE
    | {
        "sku": {"name": "Standard_B1ms", "tier": "Burstable"},
        "properties": {
            "version": "17",
            "administratorLogin": "pgadmin",
            "administratorLoginPassword": "Correct-Horse-9",
            "network": {"publicNetworkAccess": "Enabled"},
        },
    },
    f"{PUBLIC_SERVER}/firewallRules/office": {
        "properties": {"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.9"}
    },
    f"{SERVER}/databases/app": {"properties": {"charset": "UTF8", "collation": "en_US.utf8"}},
    f"{SERVER}/configurations/azure.extensions": {
        "properties": {"value": "PG_TRGM", "source": "user-override"}
    },
    f"{SERVER}/administrators/{NAME}": {
        "properties": {"principalName": "somebody", "principalType": "User"}
    },
    CLUSTER: WHERE
    | {
        "sku": {"name": "Base", "tier": "Standard"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {link(IDENTITY): {}}},
        "properties": {
            "kubernetesVersion": "1.34",
            "dnsPrefix": "fuzz",
            "agentPoolProfiles": [{"name": "system", **POOL}],
            "networkProfile": {"networkPlugin": "azure", "networkPluginMode": "overlay"},
            "apiServerAccessProfile": {"enablePrivateCluster": True, "privateDNSZone": "system"},
            "oidcIssuerProfile": {"enabled": True},
            "aadProfile": {"managed": True, "enableAzureRBAC": True},
            "addonProfiles": {"azurepolicy": {"enabled": True}},
            "autoScalerProfile": {"expander": "random"},
            "securityProfile": {"workloadIdentity": {"enabled": True}},
        },
    },
    f"{CLUSTER}/agentPools/system": {"properties": POOL},
    f"{CLUSTER}/maintenanceConfigurations/default": {
        "properties": {"timeInWeek": [{"day": "Monday", "hourSlots": [1]}]}
    },
}


# What Terraform sends is spoiled in a test of its own.
WIRE = Path(__file__).parent / "wire/bodies.yaml"

# What the cloud takes from nobody here: nobody owns the tenant's root.
REFUSED: dict[str, dict[str, Any]] = {
    f"{GROUP}/lab/providers/{AUTHORIZATION}/roleDefinitions/{NAME}": {"properties": {}},
    f"/providers/{AUTHORIZATION}/roleAssignments/{NAME}": ASSIGNMENT,
    f"/providers/{AUTHORIZATION}/roleDefinitions/{NAME}": {"properties": {}},
}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each part of a document, the whole of it last."""
    parts: Any = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for key, part in parts:
        yield from places(part, (*path, key))
    yield path


def spoiled(good: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The document with junk in the place of each of its parts, or without that part."""
    for path in places(good):
        for junk in (*JUNK, MISSING) if path else JUNK:
            body: Any = {"body": copy.deepcopy(good)}
            holder, last = body, "body"
            for key in path:
                holder, last = holder[last], key
            if junk is MISSING:
                del holder[last]
            else:
                holder[last] = junk
            yield f"{'.'.join(map(str, path)) or 'the body'}: {junk!r}", body["body"]


class Fuzz:
    """A cloud with a resource of each kind, and what went wrong in it."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.headers = azure.bearer() | {"Content-Type": "application/json"}
        self.broken: list[str] = []

    def ask(self, verb: str, path: str, body: Any = None) -> int:
        """The status of the answer; a failure of the cloud itself is noted."""
        address = path if path.startswith("/") else link(path)
        content = None if verb == "GET" else json.dumps(body)
        answer = self.azure.http.request(
            verb, address, params=VERSIONS, headers=self.headers, content=content
        )
        if answer.status_code >= 500 and answer.status_code != UNSUPPORTED:
            self.broken.append(f"{verb} {path}: {answer.text}")
        return answer.status_code

    def spoil(self, path: str, good: dict[str, Any]) -> None:
        """Send each spoiled form; one that is taken must not spoil what is read afterwards."""
        for what, body in spoiled(good):
            for verb in ("PUT", "PATCH"):
                known = len(self.broken)
                if self.ask(verb, path, body) < 300:
                    self.ask("GET", path)
                    self.ask("GET", path.rpartition("/")[0])
                    self.ask("PUT", path, good)
                self.broken[known:] = [f"{what}: {text}" for text in self.broken[known:]]


@pytest.fixture
def fuzz(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> Fuzz:
    store = azure.cloud.store
    quiet = {
        event: [one for one in listeners if one != azure.cloud.fleet._begin]
        for event, listeners in store._listeners.items()
    }
    monkeypatch.setattr(store, "_listeners", quiet)  # No Kubernetes comes up.
    return Fuzz(azure)


def refused(azure: Azure, path: str, content: str | dict[str, Any]) -> httpx.Response:
    return azure.http.request(
        "PUT",
        link(path),
        params=VERSIONS,
        headers=azure.bearer() | {"Content-Type": "application/json"},
        content=content if isinstance(content, str) else json.dumps(content),
    )


def test_each_route_that_takes_something_has_a_good_request(azure: Azure) -> None:
    application: Any = azure.cloud.hosts.public[arm.HOST]
    while not hasattr(application, "routes"):
        application = application.inner
    addresses = [path if path.startswith("/") else link(path) for path in (*REQUESTS, *REFUSED)]
    addresses += [
        one["path"]
        .replace("~", "providers/Microsoft.")
        .replace("{sub}", f"/subscriptions/{arm.SUBSCRIPTION}")
        .replace("{rg}", "resourceGroups/lab")
        for one in yaml.safe_load(WIRE.read_text())
    ]

    taking = [route for route in application.routes if "PUT" in route.methods]
    unasked = [
        route.path
        for route in taking
        if not any(route.path_regex.match(address) for address in addresses)
    ]

    assert len(taking) >= len(REQUESTS)
    assert unasked == []


def test_the_good_requests_are_good(fuzz: Fuzz) -> None:
    for path, body in REQUESTS.items():
        assert fuzz.ask("PUT", path, body) < 300, path


@pytest.mark.parametrize("path", REQUESTS)
def test_no_shape_of_a_request_breaks_the_cloud(fuzz: Fuzz, path: str) -> None:
    for one, body in REQUESTS.items():
        fuzz.ask("PUT", one, body)

    fuzz.spoil(path, REQUESTS[path])

    assert fuzz.broken == []


@pytest.mark.parametrize("path", REFUSED)
def test_what_is_never_taken_is_refused_in_any_shape(fuzz: Fuzz, path: str) -> None:
    fuzz.spoil(path, REFUSED[path])

    assert fuzz.broken == []


def test_no_shape_of_a_secret_breaks_the_vault(azure: Azure) -> None:
    azure.new_vault()
    azure.grant("Key Vault Secrets Officer", azure.identity.object, azure.group)
    good = {"value": "v", "contentType": "text", "tags": {"a": "b"}, "attributes": {"exp": 1}}

    answers = [
        (what, azure.vault(verb, "/secrets/one", body).status_code)
        for what, body in spoiled(good)
        for verb in ("PUT", "PATCH", "GET")
    ]

    assert [answer for answer in answers if answer[1] >= 500] == []
    assert {status for _, status in answers} >= {200, 400}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (VAULT, REQUESTS[VAULT] | {"properties": 3}),
        (VAULT, REQUESTS[VAULT] | {"properties": []}),
        (VAULT, REQUESTS[VAULT] | {"location": ["westeurope"]}),
        (VAULT, REQUESTS[VAULT] | {"tags": {"a": {"b": "c"}}}),
        (ACCOUNT, REQUESTS[ACCOUNT] | {"sku": []}),
        (NET, WHERE | {"properties": {"addressSpace": {"addressPrefixes": 3}}}),
        (NET, "[]"),
        (NET, '{"location": "westeurope", "properties": {"a": NaN}}'),
        (NET, '{"location": "westeurope", "properties": {"a": 1e999}}'),
        (NET, '{"location": "westeurope", "properties": {"a": "\\ud800"}}'),
        (NET, '{"location": "westeurope", "properties": {"a": ' + "[" * 100 + "]" * 100 + "}}"),
    ],
)
def test_a_request_of_the_wrong_shape_is_invalid_content(
    azure: Azure, path: str, body: str | dict[str, Any]
) -> None:
    assert error_of(refused(azure, path, body)) == (400, "InvalidRequestContent")


def test_what_is_missing_inside_is_named_and_nothing_is_made(azure: Azure) -> None:
    subnet = {"properties": {"addressPrefix": "10.1.0.0/24"}}
    body = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}

    answer = refused(azure, NET, WHERE | {"properties": body})

    assert error_of(answer) == (400, "InvalidRequestContent")
    assert "Required property 'name' not found" in answer.json()["error"]["message"]
    assert azure.arm("GET", NET).status_code == 404


def test_a_part_that_is_refused_leaves_the_whole_as_it_was(azure: Azure) -> None:
    path = f"{NETWORK}/networkSecurityGroups/nsg"
    azure.arm("PUT", path, REQUESTS[path])
    wrong = [{"name": "allow", "properties": RULE | {"priority": 1}}]

    answer = azure.arm("PUT", path, WHERE | {"properties": {"securityRules": wrong}})

    rules = azure.arm("GET", path).json()["properties"]["securityRules"]
    assert error_of(answer) == (400, "SecurityRuleInvalidPriority")
    assert [rule["name"] for rule in rules] == ["deny"]


@pytest.mark.parametrize("wrong", ["junk", 7, ["/subscriptions/x"]])
def test_a_link_is_a_whole_resource_id(azure: Azure, wrong: Any) -> None:
    azure.arm("PUT", NET, REQUESTS[NET])
    properties = {"addressPrefix": "10.1.9.0/24", "networkSecurityGroup": {"id": wrong}}

    answer = refused(azure, f"{NET}/subnets/own", {"properties": properties})

    assert error_of(answer) == (400, "LinkedInvalidPropertyId")
    assert "'properties.networkSecurityGroup.id'" in answer.json()["error"]["message"]
