"""Microsoft.ServiceNetworking: Application Gateway for Containers."""

from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import GROUP, Resource, describe, reads
from sandbox.terraform_provider.values import Object

API = "2025-01-01"
CHILD = "{{application_load_balancer_id}}/{}/{{name}}"


class Child(Lifecycle):
    """Is where its load balancer is."""

    def prepare(self, body: Object, change: Change) -> None:
        if body.get("location"):
            return
        parent = change.planned["application_load_balancer_id"]
        found = self.azure.find(parent, API)
        if found is None:
            raise ProviderError(f"retrieving parent {describe(parent)}: it was not found")
        body["location"] = found["location"]


RESOURCES = {
    "azurerm_application_load_balancer": Resource(
        id=f"{GROUP}/providers/Microsoft.ServiceNetworking/trafficControllers/{{name}}",
        api=API,
        fields={
            "primary_configuration_endpoint": reads("properties.configurationEndpoints.0"),
        },
    ),
    "azurerm_application_load_balancer_frontend": Resource(
        id=CHILD.format("frontends"),
        api=API,
        fields={"fully_qualified_domain_name": reads("properties.fqdn")},
    ),
    "azurerm_application_load_balancer_subnet_association": Resource(
        id=CHILD.format("associations"),
        api=API,
        always={"properties.associationType": "subnets"},
        fields={"subnet_id": "properties.subnet.id"},
    ),
    "azurerm_application_load_balancer_security_policy": Resource(
        id=CHILD.format("securityPolicies"),
        api=API,
        fields={"web_application_firewall_policy_id": "properties.wafPolicy.id"},
    ),
}
LIFECYCLES = {
    "azurerm_application_load_balancer_frontend": Child,
    "azurerm_application_load_balancer_subnet_association": Child,
}
