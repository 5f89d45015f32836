"""Network policies: which pod may speak to which, as the data plane of the cluster enforces it."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.kinds import NAMESPACES, NETWORK_POLICIES, PODS, Key, Manifest
from sandbox.cluster.controllers.objects import labels, selects

# The cluster's name server: no pod of it is simulated, its labels are those of AKS.
NAME_SERVER: Manifest = {
    "metadata": {
        "name": "coredns",
        "namespace": "kube-system",
        "labels": {"k8s-app": "kube-dns", "kubernetes.azure.com/managedby": "aks"},
    },
    "spec": {"containers": []},
}
DNS = 53


class Policies:
    """
    The network policies of the cluster.

    They concern pods only: a caller that is none stands at a node, and nodes are let in.
    """

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def blocks(self, source: Manifest | None, target: Manifest, port: int) -> str:
        """Why a pod does not get through to a port of another, or nothing."""
        if source is None:
            return ""
        leaving = self._isolating(source, "Egress")
        if leaving and not self._open(leaving, "egress", "to", target, (target, port, "TCP")):
            return f"no egress rule of {_names(leaving)} leads there"
        arriving = self._isolating(target, "Ingress")
        if arriving and not self._open(arriving, "ingress", "from", source, (target, port, "TCP")):
            return f"no ingress rule of {_names(arriving)} lets it in"
        return ""

    def resolves_names(self, source: Manifest | None) -> bool:
        """May a pod ask the cluster's name server?"""
        found = self._isolating(source, "Egress") if source else []
        return not found or any(
            self._open(found, "egress", "to", NAME_SERVER, (NAME_SERVER, DNS, protocol))
            for protocol in ("UDP", "TCP")
        )

    def _isolating(self, pod: Manifest, direction: str) -> list[Manifest]:
        """The policies that choose a pod: with one of them, only what is allowed gets through."""
        return [
            policy
            for policy in self._cache.find(NETWORK_POLICIES, pod["metadata"]["namespace"])
            if direction in (policy["spec"].get("policyTypes") or ("Ingress",))
            and selects(policy["spec"].get("podSelector") or {}, labels(pod))
        ]

    def _open(
        self,
        policies: Iterable[Manifest],
        direction: str,
        peers: str,
        other: Manifest,
        door: tuple[Manifest, int, str],
    ) -> bool:
        pod, number, protocol = door
        pods = [pod] if direction == "ingress" else self._cache.find(PODS)
        return any(
            self._among(rule.get(peers) or (), policy, other)
            and _on(rule.get("ports") or (), pods, number, protocol)
            for policy in policies
            for rule in policy["spec"].get(direction) or ()
        )

    def _among(self, peers: Iterable[Mapping[str, Any]], policy: Manifest, pod: Manifest) -> bool:
        """Is a pod one of the peers of a rule? Without any, a rule is about everybody."""
        named = list(peers)
        return not named or any(self._is(peer, policy, pod) for peer in named)

    def _is(self, peer: Mapping[str, Any], policy: Manifest, pod: Manifest) -> bool:
        if "ipBlock" in peer:
            return False  # Blocks are about addresses outside: Cilium knows pods by their labels.
        space = pod["metadata"]["namespace"]
        if "namespaceSelector" in peer:
            found = self._cache.get(NAMESPACES, Key("", space))
            marks = labels(found) if found else {}
            if not selects(peer["namespaceSelector"], marks):
                return False
        elif space != policy["metadata"]["namespace"]:
            return False
        return selects(peer.get("podSelector") or {}, labels(pod))


def _on(
    ports: Iterable[Mapping[str, Any]], pods: Iterable[Manifest], number: int, protocol: str
) -> bool:
    named = list(ports)
    return not named or any(_covers(port, pods, number, protocol) for port in named)


def _covers(port: Mapping[str, Any], pods: Iterable[Manifest], number: int, protocol: str) -> bool:
    if port.get("protocol", "TCP") != protocol:
        return False
    wanted = port.get("port")
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return _numbers(pods, wanted, protocol) == {number}
    return int(wanted) <= number <= int(port.get("endPort", wanted))


def _numbers(pods: Iterable[Manifest], name: str, protocol: str) -> set[int]:
    """
    The ports that bear a name: of the pod that is asked, or of the whole cluster on the way out.

    Cilium leaves out an egress rule whose name means several numbers, without a word.
    """
    return {
        int(port["containerPort"])
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container.get("ports") or ()
        if port.get("name") == name and port.get("protocol", "TCP") == protocol
    }


def _names(policies: Iterable[Manifest]) -> str:
    return ", ".join(sorted(policy["metadata"]["name"] for policy in policies))
