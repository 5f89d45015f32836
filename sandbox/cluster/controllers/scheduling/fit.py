"""Does a pod fit a node: the scheduler's filters, in its order and words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.cluster import quantities
from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.objects import has_condition, labels, selects
from sandbox.cluster.controllers.scheduling import terms

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
NO_AFFINITY = "node(s) didn't match pod affinity rules"
NO_ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules"
NO_OTHERS = "node(s) didn't satisfy existing pods anti-affinity rules"
NO_SPREAD = "node(s) didn't match pod topology spread constraints"
NO_PORT = "node(s) didn't have free ports for the requested pod ports"
NO_SELECTOR = "node(s) didn't match Pod's node affinity/selector"


@dataclass
class Place:
    """A node and the pods on it."""

    node: Manifest
    pods: list[Manifest] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.node["metadata"]["name"])

    @property
    def room(self) -> quantities.Amounts:
        return quantities.amounts((self.node.get("status") or {}).get("allocatable"))

    def used(self) -> quantities.Amounts:
        return quantities.total(quantities.of_pod(pod["spec"], "requests") for pod in self.pods)

    def load(self) -> float:
        """How full the node is; the emptiest that fits is taken."""
        room, used = self.room, self.used()
        shares = [float(used.get(name, 0) / room[name]) for name in ("cpu", "memory") if room[name]]
        return sum(shares) / (len(shares) or 1)


@dataclass
class Cluster:
    """Everything that a scheduling decision looks at."""

    places: list[Place]
    namespaces: Mapping[str, Mapping[str, str]]  # The labels of each namespace.

    def pods(self) -> Iterator[tuple[Place, Manifest]]:
        for place in self.places:
            for pod in place.pods:
                yield place, pod


def is_up(node: Manifest) -> bool:
    return has_condition(node, "Ready")


def objections(pod: Manifest, place: Place, cluster: Cluster) -> list[str]:
    """Why a pod may not go to a node: the first filter that refuses says it."""
    spec = pod["spec"]
    if why := static_objection(spec, place.node):
        return [why]
    if _ports(spec) & {port for each in place.pods for port in _ports(each["spec"])}:
        return [NO_PORT]
    if lacking := _lacking(spec, place):
        return lacking
    others = (_spread(pod, place, cluster), _neighbours(pod, place, cluster))
    return next(([why] for why in others if why), [])


def static_objection(spec: Manifest, node: Manifest) -> str:
    """What does not depend on other pods."""
    if node.get("spec", {}).get("unschedulable"):
        return "node(s) were unschedulable"
    if not is_up(node):
        return "node(s) had untolerated taint {node.kubernetes.io/not-ready: }"
    if taint := terms.untolerated(spec, node):
        return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value') or ''}}}"
    return "" if terms.wants(spec, node) else NO_SELECTOR


def _ports(spec: Manifest) -> set[tuple[int, str, str]]:
    return {
        (port["hostPort"], port.get("protocol", "TCP"), port.get("hostIP", ""))
        for container in spec.get("containers") or ()
        for port in container.get("ports") or ()
        if port.get("hostPort")
    }


def _lacking(spec: Manifest, place: Place) -> list[str]:
    room, used = place.room, place.used()
    wanted = quantities.of_pod(spec, "requests")
    full = ["Too many pods"] if len(place.pods) + 1 > room.get("pods", Decimal(0)) else []
    return full + [
        f"Insufficient {name}"
        for name, value in wanted.items()
        if value and value > room.get(name, Decimal(0)) - used.get(name, Decimal(0))
    ]


# --- Topology spread -----------------------------------------------------------------------------


def _spread(pod: Manifest, place: Place, cluster: Cluster) -> str:
    for constraint in pod["spec"].get("topologySpreadConstraints") or ():
        if constraint.get("whenUnsatisfiable") != "DoNotSchedule":
            continue
        key = constraint["topologyKey"]
        here = labels(place.node).get(key)
        if here is None:
            return f"{NO_SPREAD} (missing required label)"
        selector = _narrowed(constraint, pod)
        counts = _counts(pod, key, selector, cluster)
        domains = len(counts)
        least = min(counts.values(), default=0)
        if domains < constraint.get("minDomains", 1):
            least = 0
        itself = selects(selector, labels(pod))
        if counts[here] + itself - least > constraint["maxSkew"]:
            return NO_SPREAD
    return ""


def _narrowed(constraint: Mapping[str, Any], pod: Manifest) -> Manifest:
    """The constraint's selector, with the pod's own values of `matchLabelKeys`."""
    selector = constraint.get("labelSelector") or {}
    found = labels(pod)
    own = {key: found[key] for key in constraint.get("matchLabelKeys") or () if key in found}
    return {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), **own}}


def _counts(pod: Manifest, key: str, selector: Manifest, cluster: Cluster) -> Counter[str]:
    counts: Counter[str] = Counter()
    for place in cluster.places:
        domain = labels(place.node).get(key)
        if domain is None or not terms.wants(pod["spec"], place.node):
            continue
        space = pod["metadata"]["namespace"]
        counts[domain] += sum(
            each["metadata"]["namespace"] == space and selects(selector, labels(each))
            for each in place.pods
            if not each["metadata"].get("deletionTimestamp")
        )
    return counts


# --- Affinity between pods -----------------------------------------------------------------------


def _neighbours(pod: Manifest, place: Place, cluster: Cluster) -> str:
    for term in _terms(pod, "podAffinity"):
        if not _near(term, pod, place, cluster) and not _first(term, pod, cluster):
            return NO_AFFINITY
    for term in _terms(pod, "podAntiAffinity"):
        if _near(term, pod, place, cluster):
            return NO_ANTI_AFFINITY
    for other_place, other in cluster.pods():
        for term in _terms(other, "podAntiAffinity"):
            key = term["topologyKey"]
            together = labels(other_place.node).get(key) == labels(place.node).get(key)
            if together and key in labels(place.node) and _meant(term, other, pod, cluster):
                return NO_OTHERS
    return ""


def _terms(pod: Manifest, form: str) -> Iterable[Mapping[str, Any]]:
    affinity = (pod["spec"].get("affinity") or {}).get(form) or {}
    return affinity.get(REQUIRED) or ()


def _near(term: Mapping[str, Any], pod: Manifest, place: Place, cluster: Cluster) -> bool:
    """Is a pod that the term means in the same part of the cluster as this node?"""
    here = labels(place.node).get(term["topologyKey"])
    return here is not None and any(
        labels(other.node).get(term["topologyKey"]) == here and _meant(term, pod, each, cluster)
        for other, each in cluster.pods()
    )


def _first(term: Mapping[str, Any], pod: Manifest, cluster: Cluster) -> bool:
    """The first of a group that wants to be together may go anywhere."""
    if not _meant(term, pod, pod, cluster):
        return False
    return not any(_meant(term, pod, each, cluster) for _, each in cluster.pods())


def _meant(term: Mapping[str, Any], owner: Manifest, other: Manifest, cluster: Cluster) -> bool:
    space = other["metadata"]["namespace"]
    spaces = set(term.get("namespaces") or ())
    selector = term.get("namespaceSelector")
    if selector is not None and selects(selector, cluster.namespaces.get(space, {})):
        spaces.add(space)
    if not spaces and selector is None:
        spaces.add(owner["metadata"]["namespace"])
    return space in spaces and selects(_narrowed(term, owner), labels(other))
