"""
Types without a table: where they live is known, and their attributes follow the convention.

They are written and read consistently, so plans come out empty; another client of Azure may look
for some of their attributes under another name. A type that matters gets a table of its own.
"""

from sandbox.terraform_provider.mapping import GROUP, Resource

PLACES = {
    "bastion_host": ("Microsoft.Network/bastionHosts", "2025-01-01"),
    "network_interface": ("Microsoft.Network/networkInterfaces", "2025-01-01"),
    "network_watcher": ("Microsoft.Network/networkWatchers", "2025-01-01"),
    "disk_encryption_set": ("Microsoft.Compute/diskEncryptionSets", "2022-03-02"),
    "communication_service": ("Microsoft.Communication/communicationServices", "2023-03-31"),
    "email_communication_service": ("Microsoft.Communication/emailServices", "2023-03-31"),
    "data_protection_backup_vault": ("Microsoft.DataProtection/backupVaults", "2025-07-01"),
}
CHILDREN = {
    "container_registry_cache_rule": ("{container_registry_id}/cacheRules", "2023-07-01"),
    "kubernetes_cluster_trusted_access_role_binding": (
        "{kubernetes_cluster_id}/trustedAccessRoleBindings",
        "2025-10-01",
    ),
    "email_communication_service_domain": ("{email_service_id}/domains", "2023-03-31"),
    "data_protection_backup_policy_blob_storage": ("{vault_id}/backupPolicies", "2025-07-01"),
}

RESOURCES = {
    **{
        f"azurerm_{name}": Resource(id=f"{GROUP}/providers/{place}/{{name}}", api=api)
        for name, (place, api) in PLACES.items()
    },
    **{
        f"azurerm_{name}": Resource(id=f"{parent}/{{name}}", api=api)
        for name, (parent, api) in CHILDREN.items()
    },
}
