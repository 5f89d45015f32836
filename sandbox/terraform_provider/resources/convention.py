"""
Types whose attributes all follow the convention: only where they live has to be said.

A type that Azure spells differently in one attribute is in a table of its provider's module.
"""

from sandbox.terraform_provider.mapping import GROUP, Resource

RESOURCES = {
    "azurerm_network_watcher": Resource(
        id=f"{GROUP}/providers/Microsoft.Network/networkWatchers/{{name}}", api="2025-01-01"
    ),
    "azurerm_kubernetes_cluster_trusted_access_role_binding": Resource(
        id="{kubernetes_cluster_id}/trustedAccessRoleBindings/{name}", api="2025-10-01"
    ),
}
