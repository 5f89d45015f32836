"""Every address of policies and budgets that is simulated."""

from starlette.routing import Route

from sandbox import resource_type, rules
from sandbox.cloud.governance import budgets, policies
from sandbox.store import Store

TYPES = (policies.TYPE, budgets.TYPE)


def routes(store: Store) -> list[Route]:
    store.listen("deleted", policies.ASSIGNMENTS, lambda one: rules.forget_identity(one, store))
    found = resource_type.routes(store, TYPES)
    for word in policies.built_in():
        definitions = policies.Definitions(word)
        for base in ("/subscriptions/{subscription}", ""):
            path = f"{base}/providers/Microsoft.Authorization/{word}"
            found += [
                Route(f"{path}/{{name}}", definitions.get, methods=["GET"]),
                Route(path, definitions.list, methods=["GET"]),
            ]
    return found
