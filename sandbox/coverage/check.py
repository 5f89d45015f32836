"""Do the tables and the application agree, in both directions."""

import re
from collections import defaultdict

from sandbox.coverage.registered import Registered
from sandbox.coverage.tables import NAME, ROOT, Key, Service
from sandbox.resource_type import VERBS

PLACEHOLDER = re.compile(r"<[^>]*>")


def complaints(services: list[Service], found: list[Registered]) -> list[str]:
    """What to add or remove, and where; nothing when all is well."""
    said: list[str] = []
    claims: dict[Key, list[str]] = defaultdict(list)
    for service in services:
        for one in service.operations:
            name = f"{service.file}: {one.operation}"
            if one.of and one.of not in {other.operation for other in service.operations}:
                said.append(f"{name} is a part `of` {one.of!r}, which this table does not have.")
            if not (one.state == "refused" or one.of or one.routes or one.type):
                said.append(
                    f"{name} names no routes and no type: say which operation it is a part `of`."
                )
            for host, wanted in one.claims(service.host):
                claims[pattern(host), wanted].append(name)
    known = {key for one in found for key in one.keys}
    said += [
        f"{', '.join(names)}: {host} has no route {wanted!r}. Remove it from the table, or "
        "write it as the application registers it."
        for (host, wanted), names in claims.items()
        if (host, wanted) not in known
    ]
    lacking: dict[str, list[Registered]] = defaultdict(list)
    for route in found:
        names = [name for key in sorted(route.keys) for name in claims.get(key, ())]
        if not names:
            lacking[route.of_type.rpartition(" ")[2] or route.route].append(route)
        elif len(names) > 1 and not route.catches_all:
            said.append(f"{route.route!r} is covered {len(names)} times: {'; '.join(names)}.")
    return said + [missing(services, routes) for routes in lacking.values()]


def pattern(host: str) -> str:
    """`<name>.vault.azure.net` as the application registers it."""
    return PLACEHOLDER.sub("*", host)


def missing(services: list[Service], routes: list[Registered]) -> str:
    """A sentence that ends in what to paste, for all routes of one type or for one route."""
    first = routes[0]
    kind = first.of_type.rpartition(" ")[2]
    lines = [f'routes: ["{first.route}"]']
    if kind:
        words = sorted({route.of_type.rpartition(" ")[0] for route in routes})
        verbs = [word for word in words if not word.startswith("POST ")]
        actions = [word.partition(" ")[2] for word in words if word.startswith("POST ")]
        lines = [f"type: {kind}"]
        if set(verbs) != VERBS or actions:
            lines += [f"verbs: [{', '.join(verbs)}]"] if verbs else []
        lines += [f"actions: [{', '.join(actions)}]"] if actions else []
    lines += ["state: implemented", "fidelity: unverified", "note: <one line>"]
    return (
        f"{kind or repr(first.route)} on {first.hosts[0]} is in no table. Extend an entry of "
        f"{table(services, first, kind)}, or add one:\n  - operation: <as people write it>\n"
        + "\n".join(f"    {line}" for line in lines)
    )


def table(services: list[Service], one: Registered, kind: str) -> str:
    """The file where a route belongs: that of its type's namespace, or beside what answers."""
    space = kind.partition("/")[0] + "/"
    for service in services:
        if any(known.startswith(space) for entry in service.operations for known in entry.type):
            return service.file
    if kind:
        for source in sorted((ROOT / "cloud").glob("*/*.py")):
            if f'"{space}' in source.read_text():
                return str((source.parent / NAME).relative_to(ROOT.parent))
    words = one.module.split(".")[:-1]
    depth = 3 if words[1:2] == ["cloud"] else 2
    return "/".join([*words[:depth], NAME])
