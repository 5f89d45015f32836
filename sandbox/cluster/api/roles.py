"""The roles that every cluster begins with, and those that are made of others."""

from collections.abc import Iterator

from sandbox.cluster.api import selectors
from sandbox.cluster.api.storage import Object, Storage

GROUP = "rbac.authorization.k8s.io"
CLUSTER_ROLES = (GROUP, "clusterroles")
AGGREGATE = f"{GROUP}/aggregate-to-"
READ = ("get", "list", "watch")
WRITE = ("create", "delete", "deletecollection", "patch", "update")
ALL = tuple(sorted(READ + WRITE))

Table = tuple[tuple[str, str, tuple[str, ...]], ...]  # Group, resources, verbs.

VIEW: Table = (
    (
        "",
        (
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
            "replicationcontrollers replicationcontrollers/scale serviceaccounts services "
            "services/status bindings events limitranges namespaces namespaces/status pods/log "
            "pods/status replicationcontrollers/status resourcequotas resourcequotas/status"
        ),
        READ,
    ),
    ("discovery.k8s.io", "endpointslices", READ),
    (
        "apps",
        (
            "controllerrevisions daemonsets daemonsets/status deployments deployments/scale "
            "deployments/status replicasets replicasets/scale replicasets/status statefulsets "
            "statefulsets/scale statefulsets/status"
        ),
        READ,
    ),
    ("autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status", READ),
    ("batch", "cronjobs cronjobs/status jobs jobs/status", READ),
    ("policy", "poddisruptionbudgets poddisruptionbudgets/status", READ),
    ("networking.k8s.io", "ingresses ingresses/status networkpolicies", READ),
)
EDIT: Table = (
    ("", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", READ),
    ("", "serviceaccounts", ("impersonate",)),
    ("", "pods pods/attach pods/exec pods/portforward pods/proxy", WRITE),
    ("", "pods/eviction serviceaccounts/token", ("create",)),
    (
        "",
        (
            "configmaps events persistentvolumeclaims replicationcontrollers "
            "replicationcontrollers/scale secrets serviceaccounts services services/proxy"
        ),
        WRITE,
    ),
    (
        "apps",
        (
            "daemonsets deployments deployments/rollback deployments/scale replicasets "
            "replicasets/scale statefulsets statefulsets/scale"
        ),
        WRITE,
    ),
    ("autoscaling", "horizontalpodautoscalers", WRITE),
    ("batch", "cronjobs jobs", WRITE),
    ("policy", "poddisruptionbudgets", WRITE),
    ("networking.k8s.io", "ingresses networkpolicies", WRITE),
    ("coordination.k8s.io", "leases", ALL),
)
ADMIN: Table = (
    ("authorization.k8s.io", "localsubjectaccessreviews", ("create",)),
    (GROUP, "rolebindings roles", ALL),
)
DISCOVERY = (
    "/api",
    "/api/*",
    "/apis",
    "/apis/*",
    "/healthz",
    "/livez",
    "/openapi",
    "/openapi/*",
    "/readyz",
    "/version",
    "/version/",
)
BASIC: Table = (
    ("authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews", ("create",)),
    ("authentication.k8s.io", "selfsubjectreviews", ("create",)),
)
EVERYTHING = [
    {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
    {"nonResourceURLs": ["*"], "verbs": ["*"]},
]


def bootstrap() -> Iterator[tuple[str, Object]]:
    """The plural and the object of each role and binding of a new cluster."""
    yield "clusterroles", _role("cluster-admin", EVERYTHING)
    for name, table in (("admin", ADMIN), ("edit", EDIT), ("view", VIEW)):
        marks = {f"{AGGREGATE}{name}": "true"}
        # Whoever may view may be made an editor by the same rules, and so on upwards.
        above = {"view": "edit", "edit": "admin"}.get(name)
        yield "clusterroles", _role(f"system:aggregate-to-{name}", _rules(table), marks)
        whole = _role(name, [], {f"{AGGREGATE}{above}": "true"} if above else {})
        whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": marks}]}
        yield "clusterroles", whole
    discovery = [{"nonResourceURLs": list(DISCOVERY), "verbs": ["get"]}]
    yield "clusterroles", _role("system:discovery", discovery)
    yield "clusterroles", _role("system:basic-user", _rules(BASIC))
    for name, group in (
        ("cluster-admin", "system:masters"),
        ("system:discovery", "system:authenticated"),
        ("system:basic-user", "system:authenticated"),
    ):
        binding = _role(name, [])
        del binding["rules"]
        binding["roleRef"] = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
        binding["subjects"] = [{"apiGroup": GROUP, "kind": "Group", "name": group}]
        yield "clusterrolebindings", binding


def _role(name: str, rules: list[Object], labels: dict[str, str] | None = None) -> Object:
    metadata = {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults", **(labels or {})},
        "annotations": {f"{GROUP.replace('.k8s.io', '.kubernetes.io')}/autoupdate": "true"},
    }
    return {"metadata": metadata, "rules": rules}


def _rules(table: Table) -> list[Object]:
    return [
        {"apiGroups": [group], "resources": resources.split(), "verbs": list(verbs)}
        for group, resources, verbs in table
    ]


def aggregate(storage: Storage) -> None:
    """Fill each role that is made of others with the rules of those that its labels choose."""
    for _ in range(3):  # A role that is made of others may be part of another.
        changed = False
        for role in storage.collection(CLUSTER_ROLES):
            rule = role.get("aggregationRule")
            if not rule:
                continue
            chosen = [
                each
                for each in storage.collection(CLUSTER_ROLES)
                if each["metadata"]["name"] != role["metadata"]["name"]
                and any(
                    selectors.matches(selector, each["metadata"].get("labels") or {})
                    for selector in rule.get("clusterRoleSelectors") or ()
                )
            ]
            rules: list[Object] = []
            for each in chosen:
                rules += [found for found in each.get("rules") or () if found not in rules]
            if rules != (role.get("rules") or []):
                storage.put(CLUSTER_ROLES, {**role, "rules": rules})
                changed = True
        if not changed:
            return
