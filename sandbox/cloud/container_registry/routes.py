"""The resource types of Microsoft.ContainerRegistry, as data."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.container_registry import models
from sandbox.resource_type import VERBS, ResourceType
from sandbox.store import Resource, Store


async def list_credentials(_request: Request, registry: Resource) -> Response:
    return JSONResponse(models.credentials(registry))


TYPES = (
    ResourceType(
        models.REGISTRIES,
        timed="registry",
        check=models.check,
        fill=models.fill,
        actions={"listCredentials": list_credentials},
    ),
    ResourceType(f"{models.REGISTRIES}/replications", verbs=VERBS & {"GET", "LIST"}),
)


def routes(store: Store) -> list[Route]:
    """Every address of Microsoft.ContainerRegistry that is simulated."""
    return resource_type.routes(store, TYPES)
