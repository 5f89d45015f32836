"""Fill in what Kubernetes fills in; stable, because clients compare live with wanted objects."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from sandbox.cluster.api.kinds import Kind

Object = dict[str, Any]


def fill(kind: Kind, body: Object) -> None:
    """Complete a fresh copy of an object in place."""
    if not kind.custom and (rule := RULES.get(kind.name)):
        rule(body)


def _fill(target: Object, **values: Any) -> None:
    """Set what is absent; an empty map that protobuf left behind counts as absent."""
    for key, value in values.items():
        if target.get(key) in (None, {}):
            target[key] = value


def _secret(body: Object) -> None:
    _fill(body, type="Opaque")
    if strings := body.pop("stringData", None):
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in strings.items()}
        body["data"] = {**(body.get("data") or {}), **encoded}


def _namespace(body: Object) -> None:
    _fill(body, spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"})
    metadata = body["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _service(body: Object) -> None:
    spec = body["spec"]
    _fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] == "ExternalName":
        return
    _fill(spec, internalTrafficPolicy="Cluster")
    metadata = body["metadata"]
    seed = f"{metadata.get('namespace')}/{metadata['name']}"
    _fill(spec, clusterIP=_address(seed), ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    _fill(spec, clusterIPs=[spec["clusterIP"]])
    outside = spec["type"] in ("LoadBalancer", "NodePort")
    if outside:
        _fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _fill(spec, allocateLoadBalancerNodePorts=True)
    for port in spec.get("ports") or ():
        _fill(port, protocol="TCP", targetPort=port.get("port"))
        if outside:
            _fill(port, nodePort=30000 + _number(f"{seed}/{port.get('port')}") % 2768)


def _number(seed: str) -> int:
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])


def _address(seed: str) -> str:
    """A cluster IP in AKS' default range, the same each time for the same Service."""
    return f"10.0.{_number(seed) >> 8 & 255}.{_number(seed) % 240 + 11}"


def _pod_spec(spec: Object) -> None:
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
    )
    spec.setdefault("securityContext", {})
    if name := spec.get("serviceAccountName"):
        _fill(spec, serviceAccount=name)
    for container in [*spec.get("containers", ()), *(spec.get("initContainers") or ())]:
        _container(container)
    for volume in spec.get("volumes") or ():
        for source in ("secret", "configMap", "projected", "downwardAPI"):
            if isinstance(volume.get(source), dict):
                _fill(volume[source], defaultMode=0o644)
        if volume.keys() == {"name"}:
            volume["emptyDir"] = {}


def _container(container: Object) -> None:
    image = str(container.get("image", "")).rpartition("/")[2]
    latest = "@" not in image and image.partition(":")[2] in ("", "latest")
    _fill(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    container.setdefault("resources", {})
    for port in container.get("ports") or ():
        _fill(port, protocol="TCP")
    for variable in container.get("env") or ():
        if field := (variable.get("valueFrom") or {}).get("fieldRef"):
            _fill(field, apiVersion="v1")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(name):
            _fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if http := probe.get("httpGet"):
                _fill(http, path="/", scheme="HTTP")
    resources = container["resources"]
    if limits := resources.get("limits"):
        resources["requests"] = {**limits, **(resources.get("requests") or {})}


def _template(body: Object) -> None:
    """The pod template of a workload."""
    template = body["spec"].setdefault("template", {})
    metadata = template.setdefault("metadata", {})
    for noise in ("creationTimestamp", "generation"):
        metadata.pop(noise, None)
    _pod_spec(template.setdefault("spec", {}))


def _deployment(body: Object) -> None:
    spec = body["spec"]
    _fill(spec, replicas=1, progressDeadlineSeconds=600, revisionHistoryLimit=10)
    _fill(spec, strategy={"type": "RollingUpdate"})
    if spec["strategy"].setdefault("type", "RollingUpdate") == "RollingUpdate":
        _fill(spec["strategy"], rollingUpdate={})
        _fill(spec["strategy"]["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    _template(body)


def _replica_set(body: Object) -> None:
    _fill(body["spec"], replicas=1)
    _template(body)


def _stateful_set(body: Object) -> None:
    spec = body["spec"]
    _fill(
        spec,
        replicas=1,
        podManagementPolicy="OrderedReady",
        revisionHistoryLimit=10,
        updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    for claim in spec.get("volumeClaimTemplates") or ():
        claim.update(apiVersion="v1", kind="PersistentVolumeClaim")
        _claim(claim)
    _template(body)


def _daemon_set(body: Object) -> None:
    rolling = {"maxSurge": 0, "maxUnavailable": 1}
    strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
    _fill(body["spec"], revisionHistoryLimit=10, updateStrategy=strategy)
    _template(body)


def _job_spec(body: Object) -> None:
    _fill(
        body["spec"],
        parallelism=1,
        completions=1,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed",
    )
    _template(body)


def _job(body: Object) -> None:
    _job_spec(body)
    uid, name = body["metadata"].get("uid"), body["metadata"]["name"]
    if not uid or body["spec"].get("manualSelector"):
        return
    # A Job chooses its pods by its own uid.
    _fill(body["spec"], selector={"matchLabels": {"batch.kubernetes.io/controller-uid": uid}})
    body["spec"]["template"]["metadata"].setdefault("labels", {}).update(
        {
            "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": name,
            "controller-uid": uid,
            "job-name": name,
        }
    )


def _cron_job(body: Object) -> None:
    _fill(
        body["spec"],
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    template = body["spec"].setdefault("jobTemplate", {})
    template.setdefault("metadata", {}).pop("creationTimestamp", None)
    template.setdefault("spec", {})
    _pod_spec(template["spec"].setdefault("template", {}).setdefault("spec", {}))


def _pod(body: Object) -> None:
    spec = body["spec"]
    _pod_spec(spec)
    _fill(spec, enableServiceLinks=True, serviceAccountName="default", preemptionPolicy=PREEMPTION)
    _fill(spec, serviceAccount=spec["serviceAccountName"], priority=0)
    for container in [*spec.get("containers", ()), *(spec.get("initContainers") or ())]:
        # Of a pod itself: what has a limit and no request requests its limit.
        if limits := container["resources"].get("limits"):
            asked = container["resources"].get("requests") or {}
            container["resources"]["requests"] = {**limits, **asked}
    _fill(body, status={"phase": "Pending", "qosClass": quality(spec)})


PREEMPTION = "PreemptLowerPriority"


def quality(spec: Object) -> str:
    """The class by which a crowded node chooses victims."""
    resources = [each.get("resources") or {} for each in spec.get("containers", ())]
    limits = [each.get("limits") or {} for each in resources]
    requests = [each.get("requests") or {} for each in resources]
    if not any(limits) and not any(requests):
        return "BestEffort"
    whole = all({"cpu", "memory"} <= each.keys() for each in limits)
    return "Guaranteed" if whole and limits == requests else "Burstable"


def _limit_range(body: Object) -> None:
    for item in (body.get("spec") or {}).get("limits") or ():
        if item.get("type") == "Container":
            usual = {**(item.get("max") or {}), **(item.get("default") or {})}
            least = {**(item.get("min") or {}), **usual, **(item.get("defaultRequest") or {})}
            item.update({"default": usual} if usual else {})
            item.update({"defaultRequest": least} if least else {})


def _quota(body: Object) -> None:
    body.setdefault("spec", {})


def _claim(body: Object) -> None:
    _fill(body["spec"], volumeMode="Filesystem")
    _fill(body, status={"phase": "Pending"})


def _ingress(body: Object) -> None:
    for rule in body.get("spec", {}).get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            _fill(path, pathType="ImplementationSpecific")


def _network_policy(body: Object) -> None:
    spec = body["spec"]
    spec.setdefault("podSelector", {})
    _fill(spec, policyTypes=["Ingress", *(["Egress"] if spec.get("egress") else [])])
    for rule in [*(spec.get("ingress") or ()), *(spec.get("egress") or ())]:
        for port in rule.get("ports") or ():
            _fill(port, protocol="TCP")


def _role_binding(body: Object) -> None:
    _fill(body["roleRef"], apiGroup="rbac.authorization.k8s.io")
    for subject in body.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            _fill(subject, apiGroup="rbac.authorization.k8s.io")


def _webhooks(body: Object) -> None:
    for webhook in body.get("webhooks") or ():
        _fill(webhook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        webhook.setdefault("namespaceSelector", {})
        webhook.setdefault("objectSelector", {})
        for rule in webhook.get("rules") or ():
            _fill(rule, scope="*")
        if service := (webhook.get("clientConfig") or {}).get("service"):
            _fill(service, port=443)


def _definition(body: Object) -> None:
    names = body["spec"]["names"]
    _fill(body["spec"], conversion={"strategy": "None"})
    _fill(names, singular=names["kind"].lower(), listKind=f"{names['kind']}List")


RULES: dict[str, Callable[[Object], None]] = {
    "ClusterRoleBinding": _role_binding,
    "CronJob": _cron_job,
    "CustomResourceDefinition": _definition,
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "Ingress": _ingress,
    "Job": _job,
    "LimitRange": _limit_range,
    "MutatingWebhookConfiguration": _webhooks,
    "Namespace": _namespace,
    "NetworkPolicy": _network_policy,
    "PersistentVolumeClaim": _claim,
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "ResourceQuota": _quota,
    "RoleBinding": _role_binding,
    "Secret": _secret,
    "Service": _service,
    "StatefulSet": _stateful_set,
    "ValidatingWebhookConfiguration": _webhooks,
}
