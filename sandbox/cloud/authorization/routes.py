"""Microsoft.Authorization on the wire, api-version 2022-04-01: it extends any scope."""

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ArmError, Caller, ResourceId
from sandbox.cloud.authorization import assignments, definitions, locks
from sandbox.cloud.authorization.engine import ASSIGNMENTS, Engine
from sandbox.store import Resource, Store

BASE = "/{scope:path}/providers/Microsoft.Authorization"
ROLE_NAME = re.compile(r"roleName\s+eq\s+'([^']*)'", re.IGNORECASE)
# What only a data plane knows: whether it is there is no question of Resource Manager.
IN_A_VAULT = re.compile(r"Microsoft\.KeyVault/vaults/(secrets|keys|certificates)$", re.IGNORECASE)
ROLE_TYPE = re.compile(r"type\s+eq\s+'([^']*)'", re.IGNORECASE)


def render(assignment: Resource) -> dict[str, Any]:
    return {
        "id": str(assignment.id),
        "name": assignment.name,
        "type": ASSIGNMENTS,
        "properties": assignment.properties,
    }


def seen_from(scope: ResourceId) -> str:
    return f"/subscriptions/{scope.subscription}" if scope.subscription else ""


class Authorization:
    """Role assignments, role definitions and permissions, at any scope."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self.store = store
        self.engine = engine

    def scope_of(self, request: Request) -> ResourceId:
        found = ResourceId.parse(request.path_params.get("scope", ""))
        if len(found.segments) > 2:  # noqa: PLR2004  # Deeper than a subscription.
            self.store.get(found.parent if IN_A_VAULT.match(found.kind) else found)
        return found

    async def put(self, request: Request) -> Response:
        arm.check_version(request)
        self.scope_of(request)
        body = await arm.read_object(request)
        resource = ResourceId.of(request, ASSIGNMENTS)
        wanted = assignments.Wanted.requested(self.store, resource, body)
        kept, new = assignments.assign(self.store, wanted, Caller.of(request))
        return JSONResponse(render(kept), 201 if new else 200)

    async def get(self, request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse(render(self.existing(request)))

    async def delete(self, request: Request) -> Response:
        arm.check_version(request)
        found = self.store.find(ResourceId.of(request, ASSIGNMENTS))
        if found is None:
            return Response(status_code=204)
        self.store.delete(found.id)
        return JSONResponse(render(found))

    def existing(self, request: Request) -> Resource:
        found = self.store.find(ResourceId.of(request, ASSIGNMENTS))
        if found is None:
            name = request.path_params["name"]
            raise ArmError(
                404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found."
            )
        return found

    async def listed(self, request: Request) -> Response:
        arm.check_version(request)
        wanted = request.query_params.get("$filter", "")
        found = assignments.listed(self.store, self.scope_of(request), wanted)
        return JSONResponse({"value": [render(one) for one in found]})

    async def definitions(self, request: Request) -> Response:
        arm.check_version(request)
        wanted = request.query_params.get("$filter", "")
        name, kind = ROLE_NAME.search(wanted), ROLE_TYPE.search(wanted)
        found = [
            role.render(seen_from(self.scope_of(request)))
            for role in definitions.known(self.store).values()
            if (name is None or role.name.lower() == name[1].lower())
            and (kind is None or kind[1].lower() == role.kind.lower())
        ]
        return JSONResponse({"value": found})

    async def definition(self, request: Request) -> Response:
        arm.check_version(request)
        name = request.path_params["name"].lower()
        role = definitions.known(self.store).get(name)
        if role is None:
            raise ArmError(
                404,
                "RoleDefinitionDoesNotExist",
                f"The specified role definition with ID '{name.replace('-', '')}' does not exist.",
            )
        return JSONResponse(role.render(seen_from(self.scope_of(request))))

    async def define(self, request: Request) -> Response:
        arm.check_version(request)
        scope, name = self.scope_of(request), request.path_params["name"]
        body = await arm.read_object(request)
        role = definitions.define(self.store, name, scope, body, Caller.of(request))
        self.engine.redefine(role)
        return JSONResponse(role.render(seen_from(scope)), 201)

    async def undefine(self, request: Request) -> Response:
        arm.check_version(request)
        role = definitions.remove(self.store, request.path_params["name"])
        if role is None:
            return Response(status_code=204)
        return JSONResponse(role.render(seen_from(self.scope_of(request))))

    async def permissions(self, request: Request) -> Response:
        arm.check_version(request)
        scope = self.scope_of(request)
        held = self.engine.held(Caller.of(request).object_id, scope)
        return JSONResponse({"value": [grant.role.permission for grant in held]})


def routes(store: Store, engine: Engine) -> list[Route]:
    """The routes, below any scope and at the root of the tenant."""
    at = Authorization(store, engine)
    found: list[Route] = []
    for base in (BASE, BASE.removeprefix("/{scope:path}")):
        found += [
            Route(f"{base}/roleAssignments/{{name}}", at.put, methods=["PUT"]),
            Route(f"{base}/roleAssignments/{{name}}", at.get, methods=["GET"]),
            Route(f"{base}/roleAssignments/{{name}}", at.delete, methods=["DELETE"]),
            Route(f"{base}/roleAssignments", at.listed, methods=["GET"]),
            Route(f"{base}/roleDefinitions", at.definitions, methods=["GET"]),
            Route(f"{base}/roleDefinitions/{{name}}", at.definition, methods=["GET"]),
            Route(f"{base}/roleDefinitions/{{name}}", at.define, methods=["PUT"]),
            Route(f"{base}/roleDefinitions/{{name}}", at.undefine, methods=["DELETE"]),
            Route(f"{base}/permissions", at.permissions, methods=["GET"]),
        ]
    return found + locks.routes(store)
