"""Data sources that are no resource of the same name: lists, versions, places, connections."""

from urllib.parse import quote

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.codecs import location
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.mapping import describe
from sandbox.terraform_provider.resources.network import API as NETWORK_API
from sandbox.terraform_provider.values import Object


def subscription(azure: Azure) -> str:
    return f"/subscriptions/{azure.settings.subscription_id}"


def service_versions(azure: Azure, configuration: Object) -> Object:
    """Versions of Kubernetes, oldest first, as numbers and not as text."""
    place = location(configuration["location"])
    path = f"{subscription(azure)}/providers/Microsoft.ContainerService/locations/{place}"
    query = "/orchestrators?resource-type=managedClusters"
    found = azure.call("GET", path + query, "2019-08-01").body["properties"]["orchestrators"]
    prefix = configuration.get("version_prefix") or ""
    previews = configuration.get("include_preview") is not False
    offered = [
        one
        for one in found
        if one["orchestratorVersion"].startswith(prefix) and (previews or not one.get("isPreview"))
    ]
    if not offered:
        raise ProviderError(f"no versions of Kubernetes begin with `{prefix}` in `{place}`")
    versions = sorted((one["orchestratorVersion"] for one in offered), key=numbers)
    default = [one["orchestratorVersion"] for one in offered if one.get("default")]
    return {
        **configuration,
        "id": path,
        "versions": versions,
        "latest_version": versions[-1],
        "default_version": default[0] if default else "",
    }


def numbers(version: str) -> list[int]:
    return [int(part) for part in version.split("-", maxsplit=1)[0].split(".")]


def endpoint_connection(azure: Azure, configuration: Object) -> Object:
    """The address that a private endpoint got, and whether it was let in."""
    group = f"{subscription(azure)}/resourceGroups/{configuration['resource_group_name']}"
    path = f"{group}/providers/Microsoft.Network/privateEndpoints/{configuration['name']}"
    found = azure.find(path, NETWORK_API)
    if found is None:
        raise ProviderError(f"{describe(path)} was not found")
    properties = found["properties"]
    cards = properties.get("networkInterfaces") or []
    card = azure.find(cards[0]["id"], NETWORK_API) if cards else None
    addresses = bodies.get(card, "properties.ipConfigurations.0.properties.privateIPAddress")
    connections = [
        *(properties.get("privateLinkServiceConnections") or []),
        *(properties.get("manualPrivateLinkServiceConnections") or []),
    ]
    return {
        **configuration,
        "id": path,
        "location": found["location"],
        "network_interface": [
            {"id": one["id"], "name": one["id"].rpartition("/")[2]} for one in cards
        ],
        "private_service_connection": [
            {
                "name": one["name"],
                "private_ip_address": addresses,
                "request_response": bodies.get(
                    one, "properties.privateLinkServiceConnectionState.description"
                ),
                "status": bodies.get(one, "properties.privateLinkServiceConnectionState.status"),
            }
            for one in connections
        ],
    }


def listed_resources(azure: Azure, configuration: Object) -> Object:
    """What a group or subscription holds, of a type, name and tags."""
    group, name = configuration.get("resource_group_name"), configuration.get("name")
    kind, tags = configuration.get("type"), configuration.get("required_tags") or {}
    wishes = [
        f"{word} eq '{value}'" for word, value in (("resourceType", kind), ("name", name)) if value
    ]
    scope = subscription(azure) + (f"/resourceGroups/{group}" if group else "")
    query = f"?$filter={quote(' and '.join(wishes))}" if wishes else ""
    found = azure.call("GET", f"{scope}/resources{query}", "2020-06-01").body["value"]
    return {
        **configuration,
        "id": f"resource-{scope}",
        "resources": [
            {
                "id": one["id"],
                "name": one["name"],
                "type": one["type"],
                "location": one.get("location"),
                "resource_group_name": one["id"].split("/")[4],
                "tags": one.get("tags") or {},
            }
            for one in found
            if tags.items() <= (one.get("tags") or {}).items()
        ],
    }


def role_assignments(azure: Azure, configuration: Object) -> Object:
    scope, principal = configuration["scope"], configuration.get("principal_id")
    wishes = ["atScope()"] if configuration.get("limit_at_scope") else []
    wishes += [f"principalId eq '{principal}'"] if principal else []
    query = f"?$filter={quote(' and '.join(wishes))}" if wishes else ""
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments{query}"
    found = azure.call("GET", path, "2022-04-01").body["value"]
    return {
        **configuration,
        "id": scope,
        "role_assignments": [
            {
                "role_assignment_id": one["id"],
                "role_assignment_name": one["name"],
                "role_assignment_scope": one["properties"]["scope"],
                "role_definition_id": one["properties"]["roleDefinitionId"],
                "principal_id": one["properties"]["principalId"],
                "principal_type": one["properties"].get("principalType"),
                "condition": one["properties"].get("condition"),
                "condition_version": one["properties"].get("conditionVersion"),
                "description": one["properties"].get("description"),
            }
            for one in found
        ],
    }


def place(azure: Azure, configuration: Object) -> Object:
    wanted = location(configuration["location"])
    found = azure.call("GET", f"{subscription(azure)}/locations", "2022-12-01").body["value"]
    same = [one for one in found if one["name"] == wanted]
    if not same:
        raise ProviderError(f"{wanted!r} was not found in the list of supported Azure Locations")
    zones = [
        {"logical_zone": zone["logicalZone"], "physical_zone": zone["physicalZone"]}
        for zone in same[0].get("availabilityZoneMappings") or []
    ]
    return {
        **configuration,
        "id": same[0]["id"],
        "location": wanted,
        "display_name": same[0]["displayName"],
        "zone_mappings": zones,
    }


DATA_SOURCES = {
    "azurerm_kubernetes_service_versions": service_versions,
    "azurerm_location": place,
    "azurerm_private_endpoint_connection": endpoint_connection,
    "azurerm_resources": listed_resources,
    "azurerm_role_assignments": role_assignments,
}
