"""Which names a cluster publishes, and where requests for them go."""

import random
from collections.abc import Iterator
from fnmatch import fnmatchcase

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.gateways.definitions import GATEWAYS, ROUTES
from sandbox.cluster.controllers.kinds import Key, Manifest
from sandbox.cluster.controllers.objects import status

HTTPS = 443


def backend(cache: Cache, host: str) -> str:
    """`<service>.<namespace>.svc:<port>` of the route that claims a name, drawn by its weights."""
    for route in cache.find(ROUTES):
        claimed = route["spec"].get("hostnames") or []
        if any(fnmatchcase(host, name.lower()) for name in claimed) and is_served(cache, route):
            namespace = route["metadata"]["namespace"]
            rules = route["spec"].get("rules") or []
            found = [one for rule in rules for one in rule.get("backendRefs") or []]
            weights = [int(one.get("weight", 1)) for one in found]
            if any(weights):
                (one,) = random.choices(found, weights)  # noqa: S311 - A share, not a secret.
                return f"{one['name']}.{one.get('namespace', namespace)}.svc:{one['port']}"
    return ""


def is_served(cache: Cache, route: Manifest) -> bool:
    """Does a gateway carry the route on a listener that ends TLS."""
    namespace = route["metadata"]["namespace"]
    return any(
        listener.get("port") == HTTPS and listener["name"] in ready(gateway)
        for parent in route["spec"].get("parentRefs") or []
        if (gateway := cache.get(GATEWAYS, Key(parent.get("namespace", namespace), parent["name"])))
        for listener in gateway["spec"]["listeners"]
        if parent.get("sectionName", listener["name"]) == listener["name"]
    )


def ready(gateway: Manifest) -> Iterator[str]:
    """The listeners of a gateway that have what they need, a certificate for one."""
    for listener in status(gateway).get("listeners") or []:
        conditions = {one["type"]: one["status"] for one in listener.get("conditions") or []}
        if conditions.get("Programmed") == "True":
            yield listener["name"]
