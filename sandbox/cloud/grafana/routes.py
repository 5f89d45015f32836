"""Every address of Microsoft.Dashboard in ARM that is simulated."""

from starlette.routing import Route

from sandbox import resource_type, rules
from sandbox.cloud.grafana import instances
from sandbox.store import Store


def routes(store: Store) -> list[Route]:
    store.listen("deleted", instances.GRAFANAS, lambda one: rules.forget_identity(one, store))
    return resource_type.routes(store, instances.TYPES)
