"""Microsoft.DataProtection and Microsoft.Compute: backups of blobs, and keys of disks."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import ENABLED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import GROUP, Resource, at, reads
from sandbox.terraform_provider.values import Object

API = "2025-07-01"
STORES = ("OperationalStore", "VaultStore")
BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
SOFT_DELETE = "properties.securitySettings.softDeleteSettings"


class BlobInstance(Lifecycle):
    """A storage account under a policy; what kind it is stands in three places."""

    def prepare(self, body: Object, change: Change) -> None:
        account = change.planned["storage_account_id"]
        source = {
            "datasourceType": BLOBS,
            "objectType": "Datasource",
            "resourceID": account,
            "resourceLocation": change.planned["location"],
            "resourceName": account.rpartition("/")[2],
            "resourceType": "Microsoft.Storage/storageAccounts",
            "resourceUri": account,
        }
        body["properties"] |= {"objectType": "BackupInstance", "dataSourceInfo": source}
        names = change.planned.get("storage_account_container_names") or []
        if names:
            parameters = {"objectType": "BlobBackupDatasourceParameters", "containersList": names}
            bodies.put(
                body,
                "properties.policyInfo.policyParameters.backupDatasourceParametersList",
                [parameters],
            )


def rule(store: str, duration: str) -> Object:
    """Keep everything for so long."""
    source = {"objectType": "DataStoreInfoBase", "dataStoreType": store}
    deletion = {"objectType": "AbsoluteDeleteOption", "duration": duration}
    return {
        "name": "Default",
        "objectType": "AzureRetentionRule",
        "isDefault": True,
        "lifecycles": [{"deleteAfter": deletion, "sourceDataStore": source}],
    }


class BlobPolicy(Lifecycle):
    """Of the two retentions each is a rule of its own."""

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        kept = {store: properties.pop(f"${store}", None) for store in STORES}
        properties["objectType"] = "BackupPolicy"
        properties["datasourceTypes"] = [BLOBS]
        properties["policyRules"] = [rule(store, time) for store, time in kept.items() if time]

    def arrange(self, body: Object, _prior: Object | None) -> None:
        for found in bodies.get(body, "properties.policyRules") or []:
            store = bodies.get(found, "lifecycles.0.sourceDataStore.dataStoreType")
            body["properties"][f"${store}"] = bodies.get(found, "lifecycles.0.deleteAfter.duration")


RESOURCES = {
    "azurerm_data_protection_backup_vault": Resource(
        id=f"{GROUP}/providers/Microsoft.DataProtection/backupVaults/{{name}}",
        api=API,
        fields={
            "cross_region_restore_enabled": at(
                "properties.featureSettings.crossRegionRestoreSettings.state", ENABLED
            ),
            "datastore_type": "properties.storageSettings.0.datastoreType",
            "immutability": "properties.securitySettings.immutabilitySettings.state",
            "redundancy": "properties.storageSettings.0.type",
            "retention_duration_in_days": f"{SOFT_DELETE}.retentionDurationInDays",
            "soft_delete": f"{SOFT_DELETE}.state",
        },
    ),
    "azurerm_data_protection_backup_policy_blob_storage": Resource(
        id="{vault_id}/backupPolicies/{name}",
        api=API,
        fields={
            "operational_default_retention_duration": "properties.$OperationalStore",
            "vault_default_retention_duration": "properties.$VaultStore",
        },
    ),
    "azurerm_data_protection_backup_instance_blob_storage": Resource(
        id="{vault_id}/backupInstances/{name}",
        api=API,
        fields={
            "backup_policy_id": "properties.policyInfo.policyId",
            "protection_state": reads("properties.currentProtectionState"),
            "storage_account_container_names": reads(
                "properties.policyInfo.policyParameters.backupDatasourceParametersList.0"
                ".containersList"
            ),
            "storage_account_id": "properties.dataSourceInfo.resourceID",
        },
    ),
    "azurerm_disk_encryption_set": Resource(
        id=f"{GROUP}/providers/Microsoft.Compute/diskEncryptionSets/{{name}}",
        api="2022-03-02",
        fields={
            "auto_key_rotation_enabled": "properties.rotationToLatestKeyVersionEnabled",
            "federated_client_id": "properties.federatedClientId",
            "key_vault_key_id": "properties.activeKey.keyUrl",
            "key_vault_key_url": reads("properties.activeKey.keyUrl"),
        },
    ),
}
LIFECYCLES = {
    "azurerm_data_protection_backup_instance_blob_storage": BlobInstance,
    "azurerm_data_protection_backup_policy_blob_storage": BlobPolicy,
}
