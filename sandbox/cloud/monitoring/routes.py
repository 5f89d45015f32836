"""Every address of Azure Monitor that is simulated."""

from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.monitoring import alerts, collection, diagnostics, workspaces
from sandbox.store import Store

SUBSCRIPTION = "/subscriptions/{subscription}"
TYPES = (
    *alerts.TYPES,
    *collection.TYPES,
    *diagnostics.TYPES,
    *workspaces.TYPES,
)


def routes(store: Store) -> list[Route]:
    store.listen(
        "deleted", collection.ACCOUNTS, lambda one: collection.remove_ingestion(one, store)
    )
    billing = workspaces.Billing(store)
    deleted = f"{SUBSCRIPTION}/providers/Microsoft.OperationalInsights/deletedWorkspaces"
    return [
        Route(
            f"/{{scope:path}}/providers/{diagnostics.CATEGORIES}",
            diagnostics.listing(store),
            methods=["GET"],
        ),
        Route(deleted, workspaces.deleted_workspaces, methods=["GET"]),
        Route(billing.path, billing.get, methods=["GET"]),
        Route(billing.path, billing.put, methods=["PUT"]),
        *resource_type.routes(store, TYPES),
    ]
