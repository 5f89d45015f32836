"""The kinds that the API serves: the built-in ones, and those that CRDs add while it runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
ALL = frozenset(
    [
        "pods",
        "services",
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
    ]
)  # What `kubectl get all` shows.


@dataclass(frozen=True)
class Kind:
    """One kind in one version, with everything that discovery says about it."""

    group: str
    version: str
    plural: str
    name: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    singular: str = ""
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    custom: bool = False
    columns: Sequence[Mapping[str, Any]] = field(default=(), compare=False)
    schema: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> tuple[str, str]:
        """What all forms of a kind share: its objects are stored under this."""
        return ("", "events") if self.group == "events.k8s.io" else (self.group, self.plural)

    @property
    def qualified(self) -> str:
        """The plural as errors name it, such as `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """The kind as validation names it, such as `Deployment.apps`."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def is_measured(self) -> bool:
        """What is measured is not stored: it can be read, and nothing else."""
        return self.group == METRICS

    @property
    def is_review(self) -> bool:
        """A review is a question: posted, answered and forgotten."""
        return self.verbs == ("create",)


METRICS = "metrics.k8s.io"
STATUS = ("status",)
SCALABLE = ("status", "scale")


def _builtin(api_version: str, *rows: tuple[Any, ...]) -> list[Kind]:
    """Rows are `plural, Kind[, short names[, subresources]]`; a leading `-` means cluster-wide."""
    group, _, version = api_version.rpartition("/")
    kinds = []
    for plural, name, *more in rows:
        short, subresources = (*more, (), ())[:2]
        kinds.append(
            Kind(
                group,
                version,
                plural.lstrip("-"),
                name,
                namespaced=not plural.startswith("-"),
                short_names=tuple(short),
                subresources=tuple(subresources),
                singular=name.lower(),
                categories=("all",) if plural in ALL else (),
                verbs=_verbs(group, name),
            )
        )
    return kinds


def _verbs(group: str, name: str) -> tuple[str, ...]:
    if group == METRICS:
        return ("get", "list")
    return ("create",) if name.endswith("Review") else VERBS


BUILTIN = (
    *_builtin(
        "v1",
        ("-namespaces", "Namespace", ("ns",), ("status", "finalize")),
        ("pods", "Pod", ("po",), ("status", "log", "eviction")),
        ("services", "Service", ("svc",), STATUS),
        ("configmaps", "ConfigMap", ("cm",)),
        ("secrets", "Secret"),
        ("serviceaccounts", "ServiceAccount", ("sa",), ("token",)),
        ("events", "Event", ("ev",)),
        ("endpoints", "Endpoints", ("ep",)),
        ("-nodes", "Node", ("no",), STATUS),
        ("persistentvolumeclaims", "PersistentVolumeClaim", ("pvc",), STATUS),
        ("-persistentvolumes", "PersistentVolume", ("pv",), STATUS),
        ("resourcequotas", "ResourceQuota", ("quota",), STATUS),
        ("limitranges", "LimitRange", ("limits",)),
    ),
    *_builtin(
        "apps/v1",
        ("deployments", "Deployment", ("deploy",), SCALABLE),
        ("replicasets", "ReplicaSet", ("rs",), SCALABLE),
        ("statefulsets", "StatefulSet", ("sts",), SCALABLE),
        ("daemonsets", "DaemonSet", ("ds",), STATUS),
        ("controllerrevisions", "ControllerRevision"),
    ),
    *_builtin(
        "batch/v1",
        ("jobs", "Job", (), STATUS),
        ("cronjobs", "CronJob", ("cj",), STATUS),
    ),
    *_builtin(
        "networking.k8s.io/v1",
        ("ingresses", "Ingress", ("ing",), STATUS),
        ("networkpolicies", "NetworkPolicy", ("netpol",)),
        ("-ingressclasses", "IngressClass"),
    ),
    *_builtin(
        "rbac.authorization.k8s.io/v1",
        ("roles", "Role"),
        ("rolebindings", "RoleBinding"),
        ("-clusterroles", "ClusterRole"),
        ("-clusterrolebindings", "ClusterRoleBinding"),
    ),
    *_builtin("policy/v1", ("poddisruptionbudgets", "PodDisruptionBudget", ("pdb",), STATUS)),
    *_builtin(
        "autoscaling/v2",
        ("horizontalpodautoscalers", "HorizontalPodAutoscaler", ("hpa",), STATUS),
    ),
    *_builtin("storage.k8s.io/v1", ("-storageclasses", "StorageClass", ("sc",))),
    *_builtin("coordination.k8s.io/v1", ("leases", "Lease")),
    *_builtin("discovery.k8s.io/v1", ("endpointslices", "EndpointSlice")),
    *_builtin("events.k8s.io/v1", ("events", "Event", ("ev",))),
    *_builtin("metrics.k8s.io/v1beta1", ("-nodes", "NodeMetrics"), ("pods", "PodMetrics")),
    *_builtin("scheduling.k8s.io/v1", ("-priorityclasses", "PriorityClass", ("pc",))),
    *_builtin(
        "apiextensions.k8s.io/v1",
        ("-customresourcedefinitions", "CustomResourceDefinition", ("crd", "crds"), STATUS),
    ),
    *_builtin(
        "admissionregistration.k8s.io/v1",
        ("-validatingwebhookconfigurations", "ValidatingWebhookConfiguration"),
        ("-mutatingwebhookconfigurations", "MutatingWebhookConfiguration"),
    ),
    *_builtin(
        "authorization.k8s.io/v1",
        ("-selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("-selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ("-subjectaccessreviews", "SubjectAccessReview"),
        ("localsubjectaccessreviews", "LocalSubjectAccessReview"),
    ),
    *_builtin(
        "authentication.k8s.io/v1",
        ("-selfsubjectreviews", "SelfSubjectReview"),
        ("-tokenreviews", "TokenReview"),
    ),
)


class Kinds:
    """The kinds of one API, in the order in which they appeared."""

    def __init__(self) -> None:
        self._kinds = {(kind.group, kind.version, kind.plural): kind for kind in BUILTIN}

    def __iter__(self) -> Iterator[Kind]:
        return iter(tuple(self._kinds.values()))

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        return self._kinds.get((group, version, plural))

    def of(self, plural: str, group: str = "") -> Kind:
        """The kind behind a plural that certainly exists."""
        return next(kind for kind in self if kind.resource == (group, plural))

    def versions(self) -> dict[str, list[str]]:
        """Each group with its versions, the core group as an empty name."""
        found: dict[str, list[str]] = {}
        for kind in self:
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found

    def add(self, kind: Kind) -> None:
        self._kinds[kind.group, kind.version, kind.plural] = kind

    def remove(self, group: str, plural: str) -> None:
        """Forget every version of a kind."""
        for kind in self:
            if kind.resource == (group, plural):
                del self._kinds[kind.group, kind.version, kind.plural]
