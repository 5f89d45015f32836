"""Microsoft.Authorization: who may do what."""

import time
import uuid
from urllib.parse import quote

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.errors import AzureError, ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import STATE_ONLY, Part, Resource, reads
from sandbox.terraform_provider.values import UNKNOWN, Object

DEFINITIONS = "/providers/Microsoft.Authorization/roleDefinitions"
DEFINITIONS_API = "2022-05-01-preview"
PAUSE, LONGEST_PAUSE = 0.25, 5.0  # Seconds between two tries while Entra spreads a new principal.


def find_definition(azure: Azure, scope: str, name: str) -> Object:
    """The one role definition of a name that can be assigned at a scope."""
    wish = quote(f"roleName eq '{name}'")
    path = f"{scope.rstrip('/')}{DEFINITIONS}?$filter={wish}"
    found = azure.call("GET", path, DEFINITIONS_API).body["value"]
    if len(found) != 1:
        raise ProviderError(
            f"loading Role Definition List: could not find role '{name}'",
            f"{len(found)} role definitions have that name at {scope or '/'}.",
        )
    return dict(found[0])


class RoleAssignment(Lifecycle):
    """The name is a fresh id; a principal that is still spreading is tried again."""

    def identify(self, planned: Object) -> str:
        if planned.get("name") in (None, UNKNOWN, ""):
            planned["name"] = str(uuid.uuid4())
        return super().identify(planned)

    def prepare(self, body: Object, change: Change) -> None:
        planned = change.planned
        if planned.get("role_definition_id") in (None, UNKNOWN, ""):
            found = find_definition(self.azure, planned["scope"], planned["role_definition_name"])
            bodies.put(body, "properties.roleDefinitionId", found["id"])
        if planned.get("skip_service_principal_aad_check") is True:
            bodies.put(body, "properties.principalType", "ServicePrincipal")

    def write(self, resource_id: str, body: Object, deadline: float) -> None:
        pause = PAUSE
        while True:
            try:
                return super().write(resource_id, body, deadline)
            except AzureError as error:
                if error.code != "PrincipalNotFound" or time.monotonic() + pause > deadline:
                    raise
            self.azure.sleep(pause, deadline)
            pause = min(2 * pause, LONGEST_PAUSE)


class RoleDefinition(Lifecycle):
    """Its id in state names the scope too; a new one gets a fresh name."""

    def identify(self, planned: Object) -> str:
        name = planned.get("role_definition_id")
        if name in (None, UNKNOWN, ""):
            name = planned["role_definition_id"] = str(uuid.uuid4())
        path = f"{planned['scope'].rstrip('/')}{DEFINITIONS}/{name}"
        return f"{path}|{planned['scope']}"

    def path_of(self, resource_id: str) -> str:
        return resource_id.partition("|")[0]

    def prepare(self, body: Object, change: Change) -> None:
        properties = body["properties"]
        properties["type"] = "CustomRole"
        if not properties.get("assignableScopes"):
            properties["assignableScopes"] = [change.planned["scope"]]


def role_definition(azure: Azure, configuration: Object) -> Object:
    scope = configuration.get("scope") or ""
    name, wanted = configuration.get("name"), configuration.get("role_definition_id")
    if wanted:
        found = azure.find(f"{scope.rstrip('/')}{DEFINITIONS}/{wanted}", DEFINITIONS_API)
        if found is None:
            raise ProviderError(f"loading Role Definition: `{wanted}` was not found at `{scope}`")
    else:
        found = find_definition(azure, scope, str(name))
    properties = found.get("properties") or {}
    return {
        **configuration,
        "id": found["id"],
        "name": properties.get("roleName"),
        "role_definition_id": found["name"],
        "role_definition_resource_id": found["id"],
        "description": properties.get("description"),
        "type": properties.get("type"),
        "assignable_scopes": properties.get("assignableScopes") or [],
        "permissions": [
            {
                "actions": permission.get("actions") or [],
                "not_actions": permission.get("notActions") or [],
                "data_actions": permission.get("dataActions") or [],
                "not_data_actions": permission.get("notDataActions") or [],
                "condition": permission.get("condition") or "",
                "condition_version": permission.get("conditionVersion") or "",
            }
            for permission in properties.get("permissions") or []
        ],
    }


def definition_of(body: Object) -> str | None:
    found = bodies.get(body, "properties.roleDefinitionId")
    return found if isinstance(found, str) else None


RESOURCES = {
    "azurerm_role_assignment": Resource(
        id="{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        api="2022-04-01",
        parts={"$role": Part(definition_of, api=DEFINITIONS_API)},
        fields={
            "role_definition_name": reads("$role.properties.roleName"),
            "skip_service_principal_aad_check": STATE_ONLY,
        },
    ),
    "azurerm_role_definition": Resource(
        id="{role_definition_resource_id}|{scope}",
        api=DEFINITIONS_API,
        fields={"name": "properties.roleName", "role_definition_id": reads("name")},
    ),
    "azurerm_management_lock": Resource(
        id="{scope}/providers/Microsoft.Authorization/locks/{name}",
        api="2020-05-01",
        fields={"lock_level": "properties.level"},
    ),
}
LIFECYCLES = {
    "azurerm_role_assignment": RoleAssignment,
    "azurerm_role_definition": RoleDefinition,
}
DATA_SOURCES = {"azurerm_role_definition": role_definition}
