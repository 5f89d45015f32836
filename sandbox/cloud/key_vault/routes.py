"""Microsoft.KeyVault in ARM, api-version 2026-02-01."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm, resource_type
from sandbox.arm import ArmError
from sandbox.cloud.key_vault import models
from sandbox.cloud.key_vault.secrets import Safe
from sandbox.resource_type import ResourceType
from sandbox.store import Resource, Store

SPACE = "/subscriptions/{subscription}/providers/Microsoft.KeyVault"
ONE_DELETED = SPACE + "/locations/{location}/deletedVaults/{name}"

VAULT = ResourceType(
    models.VAULTS,
    timed="vault",
    at_once=frozenset({"delete"}),
    check=models.check,
    fill=models.fill,
    name=models.NAME,
    name_error=models.NAME_ERROR,
    polls_resource=True,
)


def render(deleted: Resource) -> dict[str, Any]:
    return {
        "id": str(deleted.id),
        "name": deleted.name,
        "type": "Microsoft.KeyVault/deletedVaults",
        "properties": deleted.properties,
    }


class DeletedVaults:
    """What lies in the subscription until it is recovered or purged."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def asked(self, request: Request) -> Resource:
        arm.check_version(request)
        name = request.path_params["name"]
        found = models.find_deleted(self.store, name)
        if found is None:
            raise ArmError(
                404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist."
            )
        return found

    async def get(self, request: Request) -> Response:
        return JSONResponse(render(self.asked(request)))

    async def listed(self, request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse({"value": [render(one) for one in self.store.all(models.DELETED)]})

    async def purge(self, request: Request) -> Response:
        found = self.asked(request)
        if found.properties.get("purgeProtectionEnabled"):
            raise ArmError(405, "MethodNotAllowed", "Operation 'DeletedVaultPurge' is not allowed.")
        operation = self.store.delete(found.id, self.store.latency.seconds("vault.purge"))
        place = str(found.properties["location"])
        version = arm.check_version(request)
        wait = operation.remaining(self.store.now())
        headers = arm.polling_headers(operation.id, found.id, place, version, wait)
        return Response(status_code=202, headers=headers)


def routes(store: Store) -> list[Route]:
    deleted = DeletedVaults(store)
    store.revive["safe"] = Safe.load
    store.listen("deleted", models.VAULTS, lambda vault: models.keep_deleted(store, vault))

    async def no_managed_hsms(request: Request) -> Response:
        """`az keyvault list` and `list-deleted` ask for these, too; none can be made here."""
        arm.check_version(request)
        return JSONResponse({"value": []})

    async def available(request: Request) -> Response:
        arm.check_version(request)
        name = str((await arm.read_object(request)).get("name", ""))
        taken = any(one.name.lower() == name.lower() for one in store.all(models.VAULTS))
        if not models.NAME.match(name):
            why = {
                "reason": "AccountNameInvalid",
                "message": models.NAME_ERROR[1].format(name=name),
            }
        elif taken or models.find_deleted(store, name):
            text = f"The vault name '{name}' is already in use. Vault names are globally unique."
            why = {"reason": "AlreadyExists", "message": text}
        else:
            return JSONResponse({"nameAvailable": True})
        return JSONResponse({"nameAvailable": False, **why})

    return [
        *resource_type.routes(store, [VAULT]),
        Route(SPACE + "/deletedVaults", deleted.listed, methods=["GET"]),
        Route(SPACE + "/deletedManagedHSMs", no_managed_hsms, methods=["GET"]),
        Route(SPACE + "/managedHSMs", no_managed_hsms, methods=["GET"]),
        Route(ONE_DELETED, deleted.get, methods=["GET"]),
        Route(ONE_DELETED + "/purge", deleted.purge, methods=["POST"]),
        Route(SPACE + "/checkNameAvailability", available, methods=["POST"]),
    ]
