"""The resource types of Microsoft.Storage, as data, and the actions on keys."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm, resource_type
from sandbox.cloud.storage import models
from sandbox.resource_type import VERBS, ResourceType
from sandbox.store import Resource, Store

CHECK_NAME = "/subscriptions/{subscription}/providers/Microsoft.Storage/checkNameAvailability"


def show_part(resource: Resource, store: Store) -> dict[str, Any]:
    """What lies in an account has no provisioning state of its own."""
    models.check_provisioned(store, resource.id)
    return {"id": str(resource.id), "name": resource.name, "type": resource.kind, **resource.body}


def routes(store: Store) -> list[Route]:
    """Every address of Microsoft.Storage that is simulated."""

    async def list_keys(_request: Request, account: Resource) -> Response:
        models.check_provisioned(store, account.id)
        return JSONResponse({"keys": models.keys(account)})

    async def regenerate_key(request: Request, account: Resource) -> Response:
        models.check_provisioned(store, account.id)
        wanted = await arm.read_object(request)
        models.regenerate(account, str(wanted.get("keyName", "")), store.timestamp())
        store.touch()
        return JSONResponse({"keys": models.keys(account)})

    async def revoke_delegation_keys(_request: Request, account: Resource) -> Response:
        account.secrets.pop("delegation", None)
        store.touch()
        return Response()

    async def check_name(request: Request) -> Response:
        name = str((await arm.read_object(request)).get("name", ""))
        if not models.ACCOUNT_NAME.match(name):
            why = {"reason": "AccountNameInvalid", "message": models.invalid_name(name)}
        elif models.taken(store, name):
            text = f"The storage account named {name} is already taken."
            why = {"reason": "AlreadyExists", "message": text}
        else:
            return JSONResponse({"nameAvailable": True})
        return JSONResponse({"nameAvailable": False, **why})

    account = ResourceType(
        models.ACCOUNTS,
        timed="storage_account",
        at_once=frozenset({"delete"}),
        check=models.check,
        fill=models.fill,
        stored=models.create_services,
        actions={
            "listKeys": list_keys,
            "regenerateKey": regenerate_key,
            "revokeUserDelegationKeys": revoke_delegation_keys,
        },
        created=200,
        slow=202,
    )
    inside = (
        ResourceType(
            f"{models.ACCOUNTS}/blobServices",
            check=models.check_inside,
            render=show_part,
            created=200,
            verbs=VERBS - {"PATCH", "DELETE"},
        ),
        ResourceType(
            f"{models.ACCOUNTS}/fileServices",
            check=models.check_inside,
            render=show_part,
            created=200,
            verbs=VERBS - {"PATCH", "DELETE"},
        ),
        ResourceType(
            f"{models.ACCOUNTS}/blobServices/containers",
            check=models.check_container,
            fill=models.fill_container,
            render=show_part,
        ),
        ResourceType(
            f"{models.ACCOUNTS}/fileServices/shares",
            check=models.check_container,
            fill=models.fill_share,
            render=show_part,
        ),
        ResourceType(
            f"{models.ACCOUNTS}/managementPolicies",
            check=models.check_inside,
            fill=models.fill_policy,
            render=show_part,
            created=200,
        ),
    )
    return [
        Route(CHECK_NAME, check_name, methods=["POST"]),
        *resource_type.routes(store, inside),
        *resource_type.routes(store, [account]),
    ]
