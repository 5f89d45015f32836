"""What a client reads to find its way in a cloud: endpoints, subscriptions, providers."""

from typing import Any

from sandbox.arm import HOST, ResourceId
from sandbox.regions import REGIONS, Region
from sandbox.store import Store

LEFT = "Microsoft.Resources/registrations"  # Of our own; no client sees it.
LOGIN = "https://login.microsoftonline.com"
NAMESPACES = {  # Each with the version that clients which look one up are to use.
    "Microsoft.AlertsManagement": "2023-03-01",
    "Microsoft.Authorization": "2022-04-01",
    "Microsoft.Communication": "2023-03-31",
    "Microsoft.Compute": "2022-03-02",
    "Microsoft.Consumption": "2019-10-01",
    "Microsoft.ContainerRegistry": "2025-11-01",
    "Microsoft.ContainerService": "2025-10-01",
    "Microsoft.DBforPostgreSQL": "2025-08-01",
    "Microsoft.Dashboard": "2025-08-01",
    "Microsoft.DataProtection": "2025-07-01",
    "Microsoft.Insights": "2023-03-11",
    "Microsoft.KeyVault": "2026-02-01",
    "Microsoft.KubernetesConfiguration": "2024-11-01",
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.Monitor": "2023-04-03",
    "Microsoft.Network": "2025-01-01",
    "Microsoft.OperationalInsights": "2025-07-01",
    "Microsoft.OperationsManagement": "2015-11-01-preview",
    "Microsoft.PolicyInsights": "2024-10-01",
    "Microsoft.Resources": "2022-09-01",
    "Microsoft.Security": "2024-01-01",
    "Microsoft.ServiceNetworking": "2025-01-01",
    "Microsoft.Storage": "2025-08-01",
}


def endpoints() -> dict[str, Any]:
    """The answer of `/metadata/endpoints`: this is the public cloud, as far as clients can tell."""
    return {
        "name": "AzureCloud",
        "portal": "https://portal.azure.com",
        "authentication": {
            "loginEndpoint": LOGIN,
            "audiences": ["https://management.core.windows.net/", f"https://{HOST}/"],
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "graph": "https://graph.windows.net/",
        "graphAudience": "https://graph.windows.net/",
        "media": "https://rest.media.azure.net",
        "batch": "https://batch.core.windows.net/",
        "resourceManager": f"https://{HOST}/",
        "microsoftGraphResourceId": "https://graph.microsoft.com/",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "suffixes": {
            "acrLoginServer": "azurecr.io",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net",
            "keyVaultDns": "vault.azure.net",
            "mhsmDns": "managedhsm.azure.net",
            "mysqlServerEndpoint": "mysql.database.azure.com",
            "postgresqlServerEndpoint": "postgres.database.azure.com",
            "sqlServerHostname": "database.windows.net",
            "storage": "core.windows.net",
        },
    }


def subscription(store: Store) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{store.subscription}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": store.subscription,
        "tenantId": store.tenant,
        "displayName": "Sandbox",
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def tenant(store: Store) -> dict[str, Any]:
    return {
        "id": f"/tenants/{store.tenant}",
        "tenantId": store.tenant,
        "displayName": "Sandbox",
        "defaultDomain": "sandbox.onmicrosoft.com",
        "tenantType": "AAD",
        "countryCode": "US",
    }


def provider(store: Store, namespace: str) -> dict[str, Any]:
    """A resource provider with every kind that is simulated; registered until told otherwise."""
    kinds = sorted(kind for kind in store.kinds if kind.startswith(f"{namespace}/"))
    return {
        "id": f"/subscriptions/{store.subscription}/providers/{namespace}",
        "namespace": namespace,
        "registrationState": state(store, namespace),
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [resource_type(namespace, kind) for kind in kinds],
    }


def place(store: Store, namespace: str) -> ResourceId:
    """Where it is kept that somebody has taken the registration back."""
    return ResourceId(f"/subscriptions/{store.subscription}/providers/{LEFT}/{namespace}")


def state(store: Store, namespace: str) -> str:
    """`Registered`, `Registering` or `NotRegistered`."""
    found = store.find(place(store, namespace))
    if found is None:
        return "Registered"
    return "Registering" if found.state == "Deleting" else "NotRegistered"


def register(store: Store, namespace: str) -> None:
    """What was never registered, or no more, is so after its time."""
    if state(store, namespace) == "NotRegistered":
        seconds = store.latency.seconds("provider.register")
        store.delete(place(store, namespace), seconds)


def unregister(store: Store, namespace: str) -> None:
    store.put(place(store, namespace), {"properties": {}})


def resource_type(namespace: str, kind: str) -> dict[str, Any]:
    """One kind of a provider; clients such as `az resource` choose their api-version from it."""
    version = NAMESPACES[namespace]
    return {
        "resourceType": kind.partition("/")[2],
        "locations": [region.display for region in REGIONS.values()],
        "apiVersions": [version],
        "defaultApiVersion": version,
        "capabilities": "SupportsTags, SupportsLocation" if kind.count("/") == 1 else "None",
    }


def location(store: Store, name: str, region: Region) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"/subscriptions/{store.subscription}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": region.display,
        "regionalDisplayName": region.display,
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
    }
    if region.zones:
        found["availabilityZoneMappings"] = [
            {"logicalZone": zone, "physicalZone": f"{name}-az{zone}"} for zone in region.zones
        ]
    return found
