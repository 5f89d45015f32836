"""The resource types of Microsoft.DBforPostgreSQL; every change answers 202 and is polled."""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox import arm, resource_type
from sandbox.cloud.postgresql import configurations, models
from sandbox.resource_type import POLL, VERBS, ResourceType
from sandbox.store import Resource, Store

ACCEPTED = 202


def asynchronous(declared: ResourceType) -> ResourceType:
    """Every PUT, PATCH and DELETE is accepted first and done later."""
    return replace(declared, created=ACCEPTED, updated=ACCEPTED, patched=ACCEPTED, deleted=ACCEPTED)


def routes(store: Store) -> list[Route]:
    """Every address of Microsoft.DBforPostgreSQL that is simulated."""

    async def restart(request: Request, server: Resource) -> Response:
        if server.busy:
            raise models.is_busy(server)
        seconds = store.latency.seconds("database_server.update")
        _, operation = store.put(server.id, server.body, seconds=seconds, state="Restarting")
        store.after(seconds, lambda: configurations.restarted(server, store))
        version = arm.check_version(request)
        wait = min(store.latency.scaled(POLL), seconds)
        headers = arm.polling_headers(operation.id, server.id, server.location, version, wait)
        return Response(status_code=ACCEPTED, headers=headers)

    types = (
        ResourceType(
            models.SERVERS,
            timed="database_server",
            check=models.check,
            fill=models.fill,
            stored=models.create_parts,
            render=models.show,
            busy=models.is_busy,
            actions={"restart": restart},
        ),
        ResourceType(
            f"{models.SERVERS}/databases",
            timed="database",
            check=models.check_database,
            fill=models.fill_database,
            render=models.show_part,
            removed=models.keep_own_databases,
        ),
        ResourceType(
            f"{models.SERVERS}/administrators",
            timed="database",
            check=models.check_server_free,
            fill=models.fill_administrator,
            render=models.show_part,
        ),
        ResourceType(
            f"{models.SERVERS}/configurations",
            timed="database_setting",
            check=models.check_configuration,
            fill=configurations.fill,
            render=models.show_part,
            busy=models.is_busy,
            verbs=VERBS - {"DELETE"},
        ),
    )
    return resource_type.routes(store, map(asynchronous, types))
