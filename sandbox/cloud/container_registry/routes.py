"""The resource types of Microsoft.ContainerRegistry, as data, and what can be asked of one."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm, resource_type
from sandbox.cloud.container_registry import imports, models
from sandbox.cloud.container_registry.data import Registries
from sandbox.resource_type import POLL, VERBS, ResourceType
from sandbox.rules import required
from sandbox.store import Failure, Resource, Store

SPACE = "/subscriptions/{subscription}/providers/Microsoft.ContainerRegistry"


async def list_credentials(_request: Request, registry: Resource) -> Response:
    return JSONResponse(models.credentials(registry))


def routes(store: Store, registries: Registries) -> list[Route]:
    """Every address of Microsoft.ContainerRegistry that is simulated."""

    async def import_image(request: Request, registry: Resource) -> Response:
        version = arm.check_version(request)
        found = imports.plan(registry, await arm.read_object(request), registries)
        failure = found if isinstance(found, Failure) else None
        seconds = store.latency.seconds("registry.import")
        operation = store.begin(registry.id, seconds, "import", failure=failure)

        def finish() -> None:
            if isinstance(found, imports.Import) and not operation.failure:
                found.run()
                store.touch()

        store.after(operation.remaining(store.now()), finish, operation)
        wait = min(store.latency.scaled(POLL), operation.remaining(store.now()))
        headers = arm.polling_headers(operation.id, registry.id, registry.location, version, wait)
        return Response(status_code=HTTPStatus.ACCEPTED, headers=headers)

    async def check_name(request: Request) -> Response:
        arm.check_version(request)
        name = str((await arm.read_object(request)).get("name") or "")
        return JSONResponse(models.availability(store, name))

    types = (
        ResourceType(
            models.REGISTRIES,
            timed="registry",
            check=models.check,
            fill=models.fill,
            actions={"listCredentials": list_credentials, "importImage": import_image},
        ),
        ResourceType(f"{models.REGISTRIES}/replications", verbs=VERBS & {"GET", "LIST"}),
        ResourceType(
            f"{models.REGISTRIES}/cacheRules",
            timed="registry",
            check=required("properties.sourceRepository", "properties.targetRepository"),
            deleted=202,
        ),
    )
    return [
        Route(f"{SPACE}/checkNameAvailability", check_name, methods=["POST"]),
        *resource_type.routes(store, types),
    ]
