"""Ids are rendered, parsed in any letter case, and spoken as azurerm speaks."""

import pytest

from sandbox.terraform_provider import resources
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.mapping import describe

GROUP = "/subscriptions/s/resourceGroups/lab"
POOL = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/aks/agentPools/user"


def test_the_id_of_a_child_tells_its_parent() -> None:
    table = resources.table("azurerm_kubernetes_cluster_node_pool")

    assert table.parse_id(POOL) == {
        "kubernetes_cluster_id": POOL.removesuffix("/agentPools/user"),
        "name": "user",
    }


def test_an_id_is_rendered_from_the_values() -> None:
    table = resources.table("azurerm_user_assigned_identity")

    rendered = table.render_id({"resource_group_name": "lab", "name": "id"}, "s")

    assert rendered == f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id"


def test_an_id_of_another_kind_is_refused() -> None:
    table = resources.table("azurerm_user_assigned_identity")

    with pytest.raises(ProviderError, match="the ID does not have the form"):
        table.parse_id(POOL)


def test_an_id_is_spoken_as_in_an_error_of_azurerm() -> None:
    assert describe(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet") == (
        'Virtual Network (Subscription: "s"\n'
        'Resource Group Name: "lab"\n'
        'Virtual Network Name: "vnet")'
    )
