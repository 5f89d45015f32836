"""What a built-in kind must hold beyond its types: the refusals that charts and people run into."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.cluster.api import (
    constraints,
    definitions,
    pod_validation,
    selectors,
    structural,
    syntax,
)
from sandbox.cluster.api.errors import Cause, duplicate, refused, required, unsupported, wrong
from sandbox.cluster.api.kinds import Kind

Object = dict[str, Any]

# What must be there before anything else can be said about an object; `*` is any element.
NEEDED = {
    "ClusterRoleBinding": ("roleRef", "subjects.*.kind", "subjects.*.name"),
    "CronJob": ("spec", "spec.jobTemplate"),
    "DaemonSet": ("spec",),
    "Deployment": ("spec",),
    "Endpoints": ("subsets.*.addresses.*.ip", "subsets.*.ports.*.port"),
    "HorizontalPodAutoscaler": (
        "spec",
        "spec.maxReplicas",
        "spec.scaleTargetRef.kind",
        "spec.scaleTargetRef.name",
    ),
    "Job": ("spec",),
    "MutatingWebhookConfiguration": (
        "webhooks.*.name",
        "webhooks.*.clientConfig",
        "webhooks.*.clientConfig.service.name",
        "webhooks.*.clientConfig.service.namespace",
    ),
    "NetworkPolicy": ("spec",),
    "PersistentVolumeClaim": ("spec",),
    "Pod": ("spec",),
    "PodDisruptionBudget": ("spec",),
    "ReplicaSet": ("spec",),
    "RoleBinding": ("roleRef", "subjects.*.kind", "subjects.*.name"),
    "Service": ("spec",),
    "StatefulSet": (
        "spec",
        "spec.volumeClaimTemplates.*.metadata.name",
        "spec.volumeClaimTemplates.*.spec",
    ),
}
NEEDED["ValidatingWebhookConfiguration"] = NEEDED["MutatingWebhookConfiguration"]
OPTIONAL_PARENTS = ("service",)  # These may be absent, with everything in them.


def lacking(kind: Kind, body: Object) -> Iterator[Cause]:
    """What is missing that all other checks rely on."""
    if kind.custom:
        return
    if kind.name == "CustomResourceDefinition":
        yield from structural.validate(definitions.SCHEMA, body)
    for path in NEEDED.get(kind.name, ()):
        yield from _absent(body, path.split("."), "")


def _absent(found: Any, path: list[str], at: str) -> Iterator[Cause]:
    step, *rest = path
    if step == "*":
        for index, each in enumerate(found):
            yield from _absent(each, rest, f"{at}[{index}]")
        return
    field = f"{at}.{step}" if at else step
    value = found.get(step)
    if value in (None, ""):
        if not (rest and (rest[0] == "*" or step in OPTIONAL_PARENTS)):
            yield required(field)
    elif rest:
        yield from _absent(value, rest, field)


def check(kind: Kind, body: Object) -> Iterator[Cause]:
    """Everything that is wrong with an object, defaults already filled in."""
    metadata = body["metadata"]
    yield from syntax.name(kind.name, metadata["name"])
    yield from syntax.labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        yield from syntax.qualified("metadata.annotations", key)
    yield from constraints.check(kind, body)
    if not kind.custom and (rule := RULES.get(kind.name)):
        yield from rule(body)


def _workload(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    selector = spec.get("selector")
    template = spec.get("template") or {}
    found = (template.get("metadata") or {}).get("labels") or {}
    if not selector:
        yield required("spec.selector")
    elif not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield wrong("spec.selector", {}, "empty selector is invalid for deployment")
    yield from syntax.selector("spec.selector", selector or {})
    if selector and not selectors.matches(selector, found):
        why = "`selector` does not match template `labels`"
        yield wrong("spec.template.metadata.labels", found, why)
    if (spec.get("replicas") or 0) < 0:
        field = "spec.replicas"
        yield wrong(field, spec["replicas"], "must be greater than or equal to 0")
    yield from syntax.labels("spec.template.labels", found)
    yield from pod_validation.check(template.get("spec") or {}, "spec.template.spec")
    if (policy := template.get("spec", {}).get("restartPolicy")) != "Always":
        yield unsupported("spec.template.spec.restartPolicy", policy, ["Always"])


def _deployment(body: Object) -> Iterator[Cause]:
    yield from _workload(body)
    strategy = body["spec"]["strategy"]
    if strategy["type"] not in STRATEGIES:
        yield unsupported("spec.strategy.type", strategy["type"], STRATEGIES)
    elif strategy["type"] == "Recreate" and "rollingUpdate" in strategy:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield refused("spec.strategy.rollingUpdate", why)


STRATEGIES = ["Recreate", "RollingUpdate"]


def _stateful_set(body: Object) -> Iterator[Cause]:
    claims = {each["metadata"]["name"] for each in body["spec"].get("volumeClaimTemplates") or ()}
    template = body["spec"].get("template") or {}
    spec = template.get("spec") or {}
    # A claim template is a volume of every pod.
    volumes = [*(spec.get("volumes") or ()), *({"name": name, "emptyDir": {}} for name in claims)]
    whole = {**template, "spec": {**spec, "volumes": volumes}}
    yield from _workload({**body, "spec": {**body["spec"], "template": whole}})


def _job(body: Object) -> Iterator[Cause]:
    spec = body["spec"].get("template", {}).get("spec") or {}
    yield from pod_validation.check(spec, "spec.template.spec")
    if (policy := spec.get("restartPolicy")) not in ("OnFailure", "Never"):
        why = 'Required value: valid values: "OnFailure", "Never"'
        field = "spec.template.spec.restartPolicy"
        cause = unsupported(field, policy, ["OnFailure", "Never"])
        yield cause if policy else Cause("FieldValueRequired", field, why)


def _cron_job(body: Object) -> Iterator[Cause]:
    schedule = body["spec"].get("schedule", "")
    if not schedule:
        yield required("spec.schedule")
    elif len(schedule.split()) != 5 and not schedule.startswith("@"):  # noqa: PLR2004 (of cron)
        yield wrong("spec.schedule", schedule, "expected exactly 5 fields")
    spec = body["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    yield from pod_validation.check(spec, "spec.jobTemplate.spec.template.spec")


def _pod(body: Object) -> Iterator[Cause]:
    yield from pod_validation.check(body["spec"], "spec")


SERVICE_TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]


def _service(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    if spec["type"] not in SERVICE_TYPES:
        yield unsupported("spec.type", spec["type"], SERVICE_TYPES)
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required("spec.ports")
    if spec["type"] == "ExternalName" and not spec.get("externalName"):
        yield required("spec.externalName")
    seen: set[str] = set()
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            yield required(f"{field}.name")
        if port.get("name"):
            yield from syntax.label(f"{field}.name", port["name"])
            if port["name"] in seen:
                yield duplicate(f"{field}.name", port["name"])
            seen.add(port["name"])
        yield from pod_validation.port_number(f"{field}.port", port.get("port", 0))
    yield from syntax.labels("spec.selector", spec.get("selector") or {})


def _data(body: Object) -> Iterator[Cause]:
    for field in ("data", "binaryData"):
        yield from syntax.config_keys(field, body.get(field) or {})
    size = sum(len(str(value)) for value in (body.get("data") or {}).values())
    if size > LARGEST:
        yield Cause("FieldValueTooLong", "data", f"Too long: may not be more than {LARGEST} bytes")


LARGEST = 1024 * 1024 * 4 // 3  # One MiB, in base64.

SECRET_KEYS = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}


def _secret(body: Object) -> Iterator[Cause]:
    yield from _data(body)
    for key in SECRET_KEYS.get(body.get("type", ""), ()):
        if key not in (body.get("data") or {}):
            yield required(f"data[{key}]")


def _role_binding(body: Object) -> Iterator[Cause]:
    role = body.get("roleRef") or {}
    kinds = ["Role", "ClusterRole"]
    if role.get("kind") not in kinds:
        yield unsupported("roleRef.kind", role.get("kind", ""), kinds)
    if not role.get("name"):
        yield required("roleRef.name")
    for index, subject in enumerate(body.get("subjects") or ()):
        if subject.get("kind") == "ServiceAccount" and not subject.get("namespace"):
            yield required(f"subjects[{index}].namespace")


PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"]


def _ingress(body: Object) -> Iterator[Cause]:
    spec = body.get("spec") or {}
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield wrong("spec", "", "either `defaultBackend` or `rules` must be specified")
    for at, rule in enumerate(spec.get("rules") or ()):
        for index, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            field = f"spec.rules[{at}].http.paths[{index}]"
            if path.get("pathType") not in PATH_TYPES:
                yield unsupported(f"{field}.pathType", path.get("pathType"), PATH_TYPES)
            service = (path.get("backend") or {}).get("service")
            if not path.get("backend"):
                yield required(f"{field}.backend")
            elif service and not service.get("port"):
                yield required(f"{field}.backend.service.port")


def _claim(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    if not spec.get("accessModes"):
        yield required("spec.accessModes", "at least 1 access mode is required")
    if not (spec.get("resources") or {}).get("requests", {}).get("storage"):
        yield required("spec.resources[storage]")


def _definition(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    wanted = f"{spec['names'].get('plural', '')}.{spec.get('group', '')}"
    if body["metadata"]["name"] != wanted:
        why = 'must be spec.names.plural+"."+spec.group'
        yield wrong("metadata.name", body["metadata"]["name"], why)
    if sum(bool(version.get("storage")) for version in spec.get("versions") or ()) != 1:
        why = "must have exactly one version marked as storage version"
        yield wrong("spec.versions", "", why)
    for index, version in enumerate(spec.get("versions") or ()):
        if not (version.get("schema") or {}).get("openAPIV3Schema"):
            yield required(f"spec.versions[{index}].schema.openAPIV3Schema", "schemas are required")


def _budget(body: Object) -> Iterator[Cause]:
    spec = body.get("spec") or {}
    if "minAvailable" in spec and "maxUnavailable" in spec:
        why = "minAvailable and maxUnavailable cannot be both set"
        yield wrong("spec", "", why)
    yield from syntax.selector("spec.selector", spec.get("selector") or {})


def _autoscaler(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    least, most = spec.get("minReplicas", 1), spec["maxReplicas"]
    if least < 1:
        yield wrong("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield wrong("spec.maxReplicas", most, "must be greater than 0")
    elif most < least:
        why = "must be greater than or equal to `minReplicas`"
        yield wrong("spec.maxReplicas", most, why)


def _network_policy(body: Object) -> Iterator[Cause]:
    spec = body["spec"]
    yield from syntax.selector("spec.podSelector", spec["podSelector"])
    for direction, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(direction) or ()):
            for at, peer in enumerate(rule.get(peers) or ()):
                field = f"spec.{direction}[{index}].{peers}[{at}]"
                if not peer:
                    yield required(field, "must specify a peer")
                for name in ("podSelector", "namespaceSelector"):
                    yield from syntax.selector(f"{field}.{name}", peer.get(name) or {})


def _webhooks(body: Object) -> Iterator[Cause]:
    for index, webhook in enumerate(body.get("webhooks") or ()):
        for name in ("namespaceSelector", "objectSelector"):
            yield from syntax.selector(f"webhooks[{index}].{name}", webhook[name])


RULES: dict[str, Callable[[Object], Iterator[Cause]]] = {
    "ClusterRoleBinding": _role_binding,
    "ConfigMap": _data,
    "CronJob": _cron_job,
    "CustomResourceDefinition": _definition,
    "DaemonSet": _workload,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "Job": _job,
    "MutatingWebhookConfiguration": _webhooks,
    "NetworkPolicy": _network_policy,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "PodDisruptionBudget": _budget,
    "ReplicaSet": _workload,
    "RoleBinding": _role_binding,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
    "ValidatingWebhookConfiguration": _webhooks,
}
