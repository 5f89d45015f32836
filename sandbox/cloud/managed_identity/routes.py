"""Microsoft.ManagedIdentity on the wire, api-version 2024-11-30."""

from typing import Any

from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.managed_identity import models
from sandbox.resource_type import ResourceType
from sandbox.store import Resource, Store


def render(resource: Resource, _store: Store) -> dict[str, Any]:
    """These resources are made at once, so they show no provisioning state."""
    named = {"id": str(resource.id), "name": resource.name, "type": resource.kind}
    return named | resource.body


TYPES = (
    ResourceType(
        models.IDENTITIES,
        fill=models.fill_identity,
        render=render,
        name=models.NAME,
        name_error=("InvalidIdentityName", "The identity name '{name}' is not valid."),
    ),
    ResourceType(models.CREDENTIALS, check=models.check_credential, render=render),
)


def routes(store: Store) -> list[Route]:
    store.listen("deleted", models.IDENTITIES, lambda gone: models.forget_principal(store, gone))
    return resource_type.routes(store, TYPES)
