"""What of the platform may be built at the same time, with everything that may be chosen."""

import pytest

from tests.terraform.conftest import Terraform
from tests.terraform.graph import Graph

CLUSTER = "module.cluster.azurerm_kubernetes_cluster.this"
POOLS = "module.cluster.azurerm_kubernetes_cluster_node_pool.this"


@pytest.fixture(scope="module")
def platform(terraform: Terraform) -> Graph:
    terraform.init("platform")
    return Graph(terraform("platform", "graph"))


@pytest.mark.parametrize(
    "address",
    [
        "module.private_endpoints.azurerm_private_endpoint.this",
        "module.edge.azurerm_application_load_balancer_subnet_association.this",
        "module.edge.azurerm_application_load_balancer_security_policy.this",
        "module.database.azurerm_postgresql_flexible_server_configuration.this",
    ],
)
def test_what_can_do_without_the_cluster_does_not_wait_for_it(
    platform: Graph, address: str
) -> None:
    assert CLUSTER not in platform.waits_for(address)


def test_endpoints_wait_for_nothing(platform: Graph) -> None:
    assert platform.waits_for("module.private_endpoints.azurerm_private_endpoint.this") == set()


@pytest.mark.parametrize("account", ["vault_reader", "s3proxy"])
def test_service_accounts_sign_in_before_the_pools_are_there(platform: Graph, account: str) -> None:
    waited = platform.waits_for(f"module.{account}.azurerm_federated_identity_credential.this")

    assert waited == {CLUSTER}


def test_flux_waits_for_nodes_that_take_its_pods(platform: Graph) -> None:
    waited = platform.waits_for("module.gitops.azurerm_kubernetes_cluster_extension.flux")

    assert waited == {CLUSTER, POOLS}
