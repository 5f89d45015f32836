"""What a client reads to find its way in a cloud: endpoints, subscriptions, providers."""

from typing import Any

from sandbox.arm import HOST
from sandbox.store import Store

LOGIN = "https://login.microsoftonline.com"
NAMESPACES = (
    "Microsoft.AlertsManagement",
    "Microsoft.Authorization",
    "Microsoft.Communication",
    "Microsoft.Compute",
    "Microsoft.Consumption",
    "Microsoft.ContainerRegistry",
    "Microsoft.ContainerService",
    "Microsoft.DBforPostgreSQL",
    "Microsoft.Dashboard",
    "Microsoft.DataProtection",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.KubernetesConfiguration",
    "Microsoft.ManagedIdentity",
    "Microsoft.Monitor",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.OperationsManagement",
    "Microsoft.Resources",
    "Microsoft.ServiceNetworking",
    "Microsoft.Storage",
)
REGIONS = {
    "centralus": "Central US",
    "eastus": "East US",
    "eastus2": "East US 2",
    "northeurope": "North Europe",
    "swedencentral": "Sweden Central",
    "westeurope": "West Europe",
    "westus2": "West US 2",
    "westus3": "West US 3",
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
    return {
        "id": f"/subscriptions/{store.subscription}/providers/{namespace}",
        "namespace": namespace,
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [],
    }


def location(store: Store, name: str, display: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{store.subscription}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": display,
        "regionalDisplayName": display,
        "metadata": {"regionType": "Physical", "regionCategory": "Recommended"},
    }
