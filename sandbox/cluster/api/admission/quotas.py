"""Quotas: what a namespace uses of what, and the refusal of what would go beyond."""

from collections.abc import Iterator
from decimal import Decimal

from sandbox.cluster import quantities
from sandbox.cluster.api import errors
from sandbox.cluster.api.kinds import BUILTIN, Kind
from sandbox.cluster.api.storage import Object, Storage

QUOTAS = ("", "resourcequotas")
PLAIN = (
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "resourcequotas",
    "secrets",
    "services",
)  # Kinds that may be counted without `count/`.
COMPUTE = ("cpu", "memory", "ephemeral-storage")
FINISHED = ("Succeeded", "Failed")
RESOURCES = {kind.qualified: kind.resource for kind in BUILTIN if kind.namespaced}


class Quotas:
    """The quotas of one cluster; their status is as current as the last write."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def admit(self, kind: Kind, new: Object, old: Object | None) -> None:
        """Refuse a write that a quota of its namespace does not cover."""
        if kind.resource == QUOTAS and old is not None:
            return
        after = usage(kind.qualified, new)
        before = usage(kind.qualified, old) if old is not None else {}
        delta = {
            name: value - before.get(name, Decimal(0))
            for name, value in after.items()
            if value > before.get(name, Decimal(0))
        }
        for quota in self._storage.collection(QUOTAS, new["metadata"]["namespace"]):
            if _covers(quota, kind.resource, new):
                self._admit(quota, kind, new, delta)

    def _admit(self, quota: Object, kind: Kind, new: Object, delta: quantities.Amounts) -> None:
        hard = quantities.amounts(quota["spec"].get("hard"))
        name = new["metadata"]["name"]
        if kind.resource == ("", "pods") and delta:
            missing = [each for each in unsaid(new["spec"], hard) if each]
            if missing:
                why = f"failed quota: {quota['metadata']['name']}: must specify {missing[0]}"
                raise errors.forbidden(kind, name, why)
        used = self._used(quota)
        over = sorted(
            each
            for each, value in delta.items()
            if each in hard and used.get(each, Decimal(0)) + value > hard[each]
        )
        if over:
            limits = {each: hard[each] for each in over}
            why = (
                f"exceeded quota: {quota['metadata']['name']}, requested: {_listed(over, delta)}, "
                f"used: {_listed(over, used)}, limited: {_listed(over, limits)}"
            )
            raise errors.forbidden(kind, name, why)

    def settle(self, namespace: str) -> None:
        """Write what is used into the status of each quota of a namespace."""
        for quota in self._storage.collection(QUOTAS, namespace):
            hard = quota["spec"].get("hard") or {}
            used = self._used(quota)
            shown = {
                name: quantities.written(name, used.get(name, Decimal(0))) for name in sorted(hard)
            }
            self._storage.put(QUOTAS, {**quota, "status": {"hard": hard, "used": shown}})

    def _used(self, quota: Object) -> quantities.Amounts:
        namespace = quota["metadata"]["namespace"]
        wanted = {_resource_of(name) for name in quota["spec"].get("hard") or {}}
        return quantities.total(
            usage(qualified, body)
            for qualified in sorted(filter(None, wanted))
            for body in self._storage.collection(RESOURCES[qualified], namespace)
            if _covers(quota, RESOURCES[qualified], body)
        )


def _resource_of(name: str) -> str:
    """The kind of object that a name in `hard` counts."""
    if name.startswith("count/"):
        found = name.removeprefix("count/")
    elif name.partition(".")[0] in PLAIN:
        found = name.partition(".")[0]
    elif "storage" in name and "ephemeral" not in name:
        found = "persistentvolumeclaims"
    else:
        found = "pods"
    return found if found in RESOURCES else ""


def _listed(names: list[str], values: quantities.Amounts) -> str:
    return ",".join(
        f"{name}={quantities.written(name, values.get(name, Decimal(0)))}" for name in names
    )


# --- What one object uses ------------------------------------------------------------------------


def usage(qualified: str, body: Object) -> quantities.Amounts:
    """What an object of a kind, such as `deployments.apps`, takes from a quota."""
    one = Decimal(1)
    found = {f"count/{qualified}": one}
    spec = body.get("spec") or {}
    if qualified == "pods":
        if (body.get("status") or {}).get("phase") in FINISHED:
            return found
        found["pods"] = one
        found |= _of_pod(spec)
    elif qualified in PLAIN:
        found[qualified] = one
    if qualified == "services":
        found |= _of_service(spec)
    if qualified == "persistentvolumeclaims":
        size = quantities.amount(
            ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        )
        found["requests.storage"] = size
        if name := spec.get("storageClassName"):
            place = f"{name}.storageclass.storage.k8s.io"
            found[f"{place}/requests.storage"] = size
            found[f"{place}/persistentvolumeclaims"] = one
    return found


def _of_pod(spec: Object) -> quantities.Amounts:
    found: quantities.Amounts = {}
    for what in ("requests", "limits"):
        for name, value in quantities.of_pod(spec, what).items():
            found[f"{what}.{name}"] = value
            if what == "requests" and name in COMPUTE:
                found[name] = value
    return found


def _of_service(spec: Object) -> quantities.Amounts:
    kind, ports = spec.get("type"), Decimal(len(spec.get("ports") or ()))
    found = {"services.loadbalancers": Decimal(kind == "LoadBalancer")}
    balanced = kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True)
    found["services.nodeports"] = ports if kind == "NodePort" or balanced else Decimal(0)
    return found


def unsaid(spec: Object, hard: quantities.Amounts) -> Iterator[str]:
    """`limits.cpu for: web`: what a pod under such a quota has to say and does not."""
    parts = []
    for name in sorted(hard):
        what, _, resource = name.rpartition(".")
        if what not in ("", "requests", "limits") or resource not in COMPUTE:
            continue
        silent = [
            container["name"]
            for container in spec.get("containers") or ()
            if resource not in ((container.get("resources") or {}).get(what or "requests") or {})
        ]
        if silent:
            parts.append(f"{name} for: {','.join(silent)}")
    yield "; ".join(parts)


# --- Scopes --------------------------------------------------------------------------------------


def _covers(quota: Object, resource: tuple[str, str], body: Object) -> bool:
    """A quota with scopes counts only the pods in them."""
    spec = quota["spec"]
    terms = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    terms += (spec.get("scopeSelector") or {}).get("matchExpressions") or []
    if not terms:
        return True
    return resource == ("", "pods") and all(_in_scope(term, body) for term in terms)


def _in_scope(term: Object, pod: Object) -> bool:
    spec = pod["spec"]
    match term["scopeName"]:
        case "Terminating":
            return "activeDeadlineSeconds" in spec
        case "NotTerminating":
            return "activeDeadlineSeconds" not in spec
        case "BestEffort" | "NotBestEffort" as wanted:
            asked = [quantities.of_pod(spec, what) for what in ("requests", "limits")]
            return any(asked) is (str(wanted) == "NotBestEffort")
        case "PriorityClass":
            name = spec.get("priorityClassName", "")
            values = term.get("values") or ()
            held = {"In": name in values, "NotIn": name not in values, "Exists": bool(name)}
            return bool(held.get(term.get("operator", ""), not name))
    return True
