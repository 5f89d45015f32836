"""What a cluster is asked for so that AKS runs gateways in it."""

from typing import Any

import pytest
from azure.mgmt.containerservice.models import ManagedCluster

from tasks.edge import complete
from tasks.errors import ConfigError

WANTED = {
    "gatewayAPI": {"installation": "Standard"},
    "webAppRouting": {
        "enabled": True,
        "nginx": {"defaultIngressControllerType": "None"},
        "gatewayAPIImplementations": {"appRoutingIstio": {"mode": "Enabled"}},
    },
}
TERRAFORM = {
    "webAppRouting": {"enabled": True, "nginx": {"defaultIngressControllerType": "None"}},
}


def cluster(profile: Any) -> ManagedCluster:
    properties = {"dnsPrefix": "test", "ingressProfile": profile}
    return ManagedCluster({"location": "centralus", "properties": properties})


@pytest.mark.parametrize(
    "profile",
    [
        TERRAFORM,
        TERRAFORM | {"gatewayAPI": {"installation": "Disabled"}},
        WANTED | {"gatewayAPI": None},
        {**TERRAFORM, "gatewayAPI": {"installation": "Standard"}},
    ],
)
def test_what_is_missing_is_asked_for_and_the_rest_stays(profile: dict[str, Any]) -> None:
    found = cluster(profile)

    assert complete("aks", found)
    assert found.as_dict()["properties"] == {"dnsPrefix": "test", "ingressProfile": WANTED}


def test_a_cluster_that_has_everything_is_left_alone() -> None:
    assert not complete("aks", cluster(WANTED))


@pytest.mark.parametrize("profile", [None, {}, {"webAppRouting": {"enabled": False}}])
def test_without_application_routing_terraform_comes_first(profile: Any) -> None:
    with pytest.raises(ConfigError, match="no application routing"):
        complete("aks", cluster(profile))
