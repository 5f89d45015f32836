"""Nobody hands out more than they hold: roles and bindings are checked against their author."""

import json
from collections.abc import Iterable, Iterator
from itertools import product

from sandbox.cluster.api import errors
from sandbox.cluster.api.authentication import User
from sandbox.cluster.api.authorization import RBAC, Attempt, Authorizer
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Object

ROLES = ("roles", "clusterroles")
BINDINGS = ("rolebindings", "clusterrolebindings")
FIELDS = {
    "apiGroups": "APIGroups",
    "resources": "Resources",
    "nonResourceURLs": "NonResourceURLs",
    "resourceNames": "ResourceNames",
    "verbs": "Verbs",
}


def guard(authorizer: Authorizer, user: User, kind: Kind, new: Object, old: Object | None) -> None:
    """Refuse a role, or a binding to a role, whose rules its author does not hold."""
    if kind.group != RBAC:
        return
    namespace = new["metadata"].get("namespace", "")
    if kind.plural in ROLES and new.get("rules") != (old or {}).get("rules"):
        attempt = Attempt("escalate", RBAC, kind.plural, namespace, new["metadata"]["name"])
        wanted = new.get("rules") or []
    elif kind.plural in BINDINGS:
        reference = new["roleRef"]
        plural = f"{reference['kind'].lower()}s"
        attempt = Attempt("bind", RBAC, plural, namespace, reference["name"])
        wanted = []
    else:
        return
    if authorizer.allows(user, attempt):
        return
    if kind.plural in BINDINGS:
        wanted = authorizer.rules_of(new["roleRef"], namespace)
    held = authorizer.rules(user, namespace)
    lacking = [part for rule in wanted for part in _parts(rule) if not _covered(part, held)]
    if lacking:
        groups = " ".join(json.dumps(group) for group in user.groups)
        listed = "\n".join(sorted(map(_shown, _joined(lacking))))
        why = (
            f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions not '
            f"currently held:\n{listed}"
        )
        raise errors.forbidden(kind, new["metadata"]["name"], why)


def _parts(rule: Object) -> Iterator[Object]:
    """A rule as the smallest rules that mean the same together."""
    for verb in rule.get("verbs") or ():
        for url in rule.get("nonResourceURLs") or ():
            yield {"nonResourceURLs": [url], "verbs": [verb]}
        for group, resource in product(rule.get("apiGroups") or (), rule.get("resources") or ()):
            names = rule.get("resourceNames") or [None]
            for name in names:
                only = {"resourceNames": [name]} if name else {}
                yield {"apiGroups": [group], "resources": [resource], **only, "verbs": [verb]}


def _covered(part: Object, held: Iterable[Object]) -> bool:
    return any(all(_holds(rule, part, field) for field in FIELDS) for rule in held)


def _holds(rule: Object, part: Object, field: str) -> bool:
    wanted, has = part.get(field) or [], rule.get(field) or []
    if field == "resourceNames":
        return not has or (bool(wanted) and set(wanted) <= set(has))
    if not wanted or "*" in has or wanted[0] in has:
        return True
    if field == "resources" and "/" in wanted[0]:
        return f"*/{wanted[0].partition('/')[2]}" in has
    stars = (each[:-1] for each in has if each.endswith("*"))
    return field == "nonResourceURLs" and wanted[0].startswith(tuple(stars))


def _joined(parts: Iterable[Object]) -> list[Object]:
    """Rules that differ in their verbs only, as one."""
    found: dict[str, Object] = {}
    for part in parts:
        key = json.dumps({field: part[field] for field in part if field != "verbs"})
        known = found.setdefault(key, {**part, "verbs": []})
        known["verbs"] += [verb for verb in part["verbs"] if verb not in known["verbs"]]
    return list(found.values())


def _shown(rule: Object) -> str:
    parts = [
        f"{name}:[{' '.join(json.dumps(value) for value in rule[field])}]"
        for field, name in FIELDS.items()
        if rule.get(field)
    ]
    return "{" + ", ".join(parts) + "}"
