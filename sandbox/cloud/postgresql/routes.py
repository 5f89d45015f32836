"""The resource types of Microsoft.DBforPostgreSQL; every change answers 202 and is polled."""

from dataclasses import replace

from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.postgresql import capabilities, configurations, firewall, models, power
from sandbox.resource_type import VERBS, ResourceType
from sandbox.store import Store


def asynchronous(declared: ResourceType) -> ResourceType:
    """Every PUT, PATCH and DELETE is accepted first and done later."""
    return replace(declared, created=202, updated=202, patched=202, deleted=202)


def routes(store: Store) -> list[Route]:
    """Every address of Microsoft.DBforPostgreSQL that is simulated."""

    store.listen("ready", models.SERVERS, lambda server: power.finish(server, store))
    types = (
        ResourceType(
            models.SERVERS,
            timed="database_server",
            check=models.check,
            fill=models.fill,
            stored=models.create_parts,
            render=models.show,
            busy=power.is_busy,
            actions={name: power.action(store, name) for name in power.STATES},
        ),
        ResourceType(
            models.DATABASES,
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
            firewall.KIND,
            timed="database",
            check=models.check_rule,
            render=models.show_part,
        ),
        ResourceType(
            configurations.KIND,
            timed="database_setting",
            check=models.check_configuration,
            fill=configurations.fill,
            render=models.show_part,
            busy=power.is_busy,
            verbs=VERBS - {"DELETE"},
        ),
    )
    return [*capabilities.routes(store), *resource_type.routes(store, map(asynchronous, types))]
