"""The admission of one write, in the order in which an API server asks its plugins."""

from sandbox.cluster.api import errors
from sandbox.cluster.api.admission import limit_ranges, pod_security
from sandbox.cluster.api.admission.quotas import Quotas
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Object, Storage

NAMESPACES = ("", "namespaces")
RANGES = ("", "limitranges")


class Admission:
    """What the namespaces of one cluster let in."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self.quotas = Quotas(storage)

    def complete(self, kind: Kind, new: Object, old: Object | None) -> None:
        """Give a new pod the defaults of its namespace's limit ranges."""
        if kind.resource == ("", "pods") and old is None:
            namespace = new["metadata"]["namespace"]
            for each in self._storage.collection(RANGES, namespace):
                limit_ranges.fill(each, new)

    def admit(self, kind: Kind, new: Object, old: Object | None, warnings: list[str]) -> None:
        """Refuse what the namespace does not allow; a warning is all that a template gets."""
        if kind.custom or not kind.namespaced:
            return
        namespace = new["metadata"]["namespace"]
        name = new["metadata"]["name"]
        if kind.resource in (("", "pods"), ("", "persistentvolumeclaims")) and old is None:
            ranges = self._storage.collection(RANGES, namespace)
            if causes := [why for each in ranges for why in limit_ranges.breaches(each, new)]:
                raise errors.forbidden(kind, name, errors.aggregate(causes))
        self._secure(kind, new, old, warnings)
        self.quotas.admit(kind, new, old)

    def _secure(self, kind: Kind, new: Object, old: Object | None, warnings: list[str]) -> None:
        spec = pod_security.pod_spec(kind.name, new)
        if spec is None or (old is not None and pod_security.pod_spec(kind.name, old) == spec):
            return
        space = self._storage.get(NAMESPACES, "", new["metadata"]["namespace"]) or {"metadata": {}}
        policy = pod_security.Policy.of(space["metadata"].get("labels") or {})
        if kind.name == "Pod" and (why := pod_security.violations(spec, *policy.enforce)):
            raise errors.forbidden(kind, new["metadata"]["name"], f"violates PodSecurity {why}")
        if why := pod_security.violations(spec, *policy.warn):
            warnings.append(f"would violate PodSecurity {why}")
