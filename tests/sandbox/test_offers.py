"""What a client can ask before it builds: machines, quotas, zones, names, registrations."""

import pytest

from tests.sandbox.conftest import VERSIONS, Azure, error_of

SUBSCRIPTION = "/subscriptions/{}"


@pytest.fixture
def subscription(azure: Azure) -> str:
    return SUBSCRIPTION.format(azure.identity.subscription)


def test_machines_have_cores_a_family_and_the_zones_of_their_region(
    azure: Azure, subscription: str
) -> None:
    def of(region: str) -> dict[str, object]:
        answer = azure.http.get(
            f"{subscription}/providers/Microsoft.Compute/skus",
            params=VERSIONS | {"$filter": f"location eq '{region}'"},
            headers=azure.bearer(),
        )
        found = {entry["name"]: entry for entry in answer.json()["value"]}
        return dict(found["Standard_D4s_v5"])

    there, here = of("centralus"), of("westus")

    assert there["family"] == "standardDSv5Family"
    assert {"name": "vCPUs", "value": "4"} in there["capabilities"]  # type: ignore[operator]
    assert there["locationInfo"][0]["zones"] == ["1", "2", "3"]  # type: ignore[index]
    assert here["locationInfo"][0]["zones"] == []  # type: ignore[index]


def test_a_filter_that_is_not_understood_is_refused(azure: Azure, subscription: str) -> None:
    answer = azure.http.get(
        f"{subscription}/providers/Microsoft.Compute/skus",
        params=VERSIONS | {"$filter": "name eq 'x'"},
        headers=azure.bearer(),
    )

    assert error_of(answer) == (400, "InvalidFilter")


def test_nodes_of_clusters_use_the_quota_of_their_family(azure: Azure, subscription: str) -> None:
    pool = {"name": "system", "mode": "System", "count": 3, "vmSize": "Standard_D4s_v5"}
    body = {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "aks", "agentPoolProfiles": [pool]},
    }
    made = azure.arm("PUT", "Microsoft.ContainerService/managedClusters/aks", body)
    assert made.status_code == 201, made.text

    def used(region: str) -> dict[str, int]:
        path = f"{subscription}/providers/Microsoft.Compute/locations/{region}/usages"
        entries = azure.arm("GET", path).json()["value"]
        return {entry["name"]["value"]: entry["currentValue"] for entry in entries}

    assert used("westeurope")["standardDSv5Family"] == 12
    assert used("westeurope")["cores"] == 12
    assert used("centralus")["cores"] == 0


def test_a_region_without_zones_has_no_mapping_and_no_zone_redundant_database(
    azure: Azure, subscription: str
) -> None:
    listed = azure.arm("GET", f"{subscription}/locations").json()["value"]
    regions = {entry["name"]: entry for entry in listed}
    path = f"{subscription}/providers/Microsoft.DBforPostgreSQL/locations/{{}}/capabilities"
    offers = [
        azure.arm("GET", path.format(name)).json()["value"][0] for name in ("westus", "eastus")
    ]
    status = [
        {one["name"]: one["status"] for one in offer["supportedFeatures"]}["ZoneRedundantHa"]
        for offer in offers
    ]

    assert "availabilityZoneMappings" not in regions["westus"]
    assert len(regions["eastus"]["availabilityZoneMappings"]) == 3
    assert status == ["Disabled", "Enabled"]


def test_nothing_is_made_in_a_namespace_that_is_not_registered(
    slow_azure: Azure,
) -> None:
    azure = slow_azure
    subscription = SUBSCRIPTION.format(azure.identity.subscription)
    space = f"{subscription}/providers/Microsoft.ManagedIdentity"
    identity = "Microsoft.ManagedIdentity/userAssignedIdentities/one"

    azure.arm("POST", f"{space}/unregister")
    refused = azure.arm("PUT", identity, {"location": "westeurope"})
    azure.arm("POST", f"{space}/register")
    meanwhile = azure.arm("GET", space).json()["registrationState"]
    azure.pass_time(600)
    later = azure.arm("GET", space).json()["registrationState"]
    made = azure.arm("PUT", identity, {"location": "westeurope"})

    assert error_of(refused) == (409, "MissingSubscriptionRegistration")
    assert (meanwhile, later) == ("Registering", "Registered")
    assert made.status_code == 201


def test_the_name_of_a_deleted_vault_is_taken_and_the_answer_says_why(
    azure: Azure, subscription: str
) -> None:
    azure.new_vault()
    azure.arm("DELETE", "Microsoft.KeyVault/vaults/lab-kv")
    path = f"{subscription}/providers/Microsoft.KeyVault/checkNameAvailability"

    taken = azure.arm("POST", path, {"name": "lab-kv", "type": "Microsoft.KeyVault/vaults"}).json()
    wrong = azure.arm("POST", path, {"name": "1-kv", "type": "Microsoft.KeyVault/vaults"}).json()

    assert (taken["nameAvailable"], taken["reason"]) == (False, "AlreadyExists")
    assert "already in use" in taken["message"]
    assert wrong["reason"] == "AccountNameInvalid"
