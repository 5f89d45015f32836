"""What a namespace lets in: quotas, limit ranges, pod security."""

from typing import Any

import httpx
import pytest

from tests.sandbox.cluster.conftest import Kube

SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def pod(name: str, resources: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "nginx:1", "resources": resources or {}}
    return {"metadata": {"name": name}, "spec": {"containers": [container]} | spec}


def post(kube: Kube, plural: str, body: dict[str, Any], root: str = "/api/v1") -> httpx.Response:
    return kube.http.post(kube.path(plural, root=root), json=body)


def made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 403, answer.text
    return str(answer.json()["message"])


def quota(kube: Kube, hard: dict[str, str], **spec: Any) -> None:
    made(
        post(
            kube,
            "resourcequotas",
            {"metadata": {"name": "compute"}, "spec": {"hard": hard} | spec},
        )
    )


def limit_range(kube: Kube, **item: Any) -> None:
    item = {"type": "Container"} | item
    made(
        post(kube, "limitranges", {"metadata": {"name": "usual"}, "spec": {"limits": [item]}}),
    )


def used(kube: Kube) -> dict[str, str]:
    found: dict[str, str] = kube.read("resourcequota", "compute")["status"]["used"]
    return found


# --- Quotas --------------------------------------------------------------------------------------


def test_a_quota_counts_and_then_refuses(kube: Kube) -> None:
    quota(kube, {"pods": "5", "requests.cpu": "1", "requests.memory": "1Gi"})
    wanted = {"requests": {"cpu": "600m", "memory": "512Mi"}}
    made(post(kube, "pods", pod("one", wanted)))

    text = refusal(post(kube, "pods", pod("two", wanted)))

    assert text == (
        'pods "two" is forbidden: exceeded quota: compute, requested: requests.cpu=600m, '
        "used: requests.cpu=600m, limited: requests.cpu=1"
    )
    assert used(kube) == {"pods": "1", "requests.cpu": "600m", "requests.memory": "512Mi"}


def test_what_is_deleted_may_be_used_again(kube: Kube) -> None:
    quota(kube, {"configmaps": "1"})
    made(post(kube, "configmaps", {"metadata": {"name": "one"}}))
    refusal(post(kube, "configmaps", {"metadata": {"name": "two"}}))

    kube.kubectl("delete", "configmap", "one")

    assert used(kube) == {"configmaps": "0"}
    made(post(kube, "configmaps", {"metadata": {"name": "two"}}))


def test_under_a_quota_a_pod_says_what_it_needs(kube: Kube) -> None:
    quota(kube, {"limits.cpu": "2", "limits.memory": "2Gi"})

    text = refusal(post(kube, "pods", pod("silent")))

    assert text == (
        'pods "silent" is forbidden: failed quota: compute: must specify '
        "limits.cpu for: web; limits.memory for: web"
    )


def test_a_pod_that_has_ended_gives_its_share_back(kube: Kube) -> None:
    quota(kube, {"pods": "1"})
    made(post(kube, "pods", pod("one")))

    kube.kubectl(
        "patch", "pod", "one", "--subresource=status", "-p", '{"status": {"phase": "Succeeded"}}'
    )

    made(post(kube, "pods", pod("two")))


@pytest.mark.parametrize(
    ("hard", "plural", "root", "body"),
    [
        (
            "services.loadbalancers",
            "services",
            "/api/v1",
            {"spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}},
        ),
        (
            "count/deployments.apps",
            "deployments",
            "/apis/apps/v1",
            {
                "spec": {
                    "selector": {"matchLabels": {"a": "b"}},
                    "template": {
                        "metadata": {"labels": {"a": "b"}},
                        "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
                    },
                }
            },
        ),
        (
            "requests.storage",
            "persistentvolumeclaims",
            "/api/v1",
            {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                }
            },
        ),
    ],
)
def test_other_things_than_pods_are_counted_too(
    kube: Kube, hard: str, plural: str, root: str, body: dict[str, Any]
) -> None:
    quota(kube, {hard: "0"})

    answer = post(kube, plural, {"metadata": {"name": "one"}} | body, root)

    assert "exceeded quota: compute, requested: " + hard in refusal(answer)


def test_a_quota_with_a_scope_counts_only_what_is_in_it(kube: Kube) -> None:
    quota(kube, {"pods": "0"}, scopes=["BestEffort"])

    made(post(kube, "pods", pod("burstable", {"requests": {"cpu": "100m"}})))

    assert "exceeded quota" in refusal(post(kube, "pods", pod("effortless")))


# --- Limit ranges --------------------------------------------------------------------------------


def test_a_limit_range_speaks_for_the_silent(kube: Kube) -> None:
    limit_range(kube, default={"memory": "256Mi"}, defaultRequest={"memory": "64Mi"})

    found = made(post(kube, "pods", pod("one")))

    resources = found["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"memory": "256Mi"}, "requests": {"memory": "64Mi"}}
    assert found["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
        "LimitRanger plugin set: memory request for container web; memory limit for container web"
    )


@pytest.mark.parametrize(
    ("item", "resources", "why"),
    [
        (
            {"max": {"cpu": "500m"}},
            {"limits": {"cpu": "1"}},
            "[maximum cpu usage per Container is 500m, but limit is 1]",
        ),
        (
            {"min": {"memory": "64Mi"}},
            {"requests": {"memory": "32Mi"}},
            "[minimum memory usage per Container is 64Mi, but request is 32Mi]",
        ),
        (
            {"type": "Pod", "max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "[maximum memory usage per Pod is 1Gi, but limit is 2Gi]",
        ),
    ],
)
def test_a_limit_range_refuses_what_is_out_of_bounds(
    kube: Kube, item: dict[str, Any], resources: dict[str, Any], why: str
) -> None:
    limit_range(kube, **item)

    text = refusal(post(kube, "pods", pod("one", resources)))

    assert text == f'pods "one" is forbidden: {why[1:-1]}'


# --- Pod security --------------------------------------------------------------------------------


def enforce(kube: Kube, level: str) -> None:
    kube.kubectl(
        "label", "namespace", kube.namespace, f"pod-security.kubernetes.io/enforce={level}"
    )


def test_a_restricted_namespace_names_all_that_is_missing(kube: Kube) -> None:
    enforce(kube, "restricted")

    text = refusal(post(kube, "pods", pod("one")))

    assert text == (
        'pods "one" is forbidden: violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "web" must set '
        "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities "
        '(container "web" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "web" must set '
        "securityContext.runAsNonRoot=true), seccompProfile (pod or container "
        '"web" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
    )


def test_a_hardened_pod_may_run_there(kube: Kube) -> None:
    enforce(kube, "restricted")
    body = pod("one")
    body["spec"]["containers"][0]["securityContext"] = SAFE

    made(post(kube, "pods", body))


def test_a_template_is_only_warned_of(kube: Kube) -> None:
    enforce(kube, "restricted")

    shown = kube.kubectl("create", "deployment", "web", "--image=nginx:1")

    assert 'Warning: would violate PodSecurity "restricted:latest": ' in shown


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"hostNetwork": True}, "host namespaces (hostNetwork=true)"),
        (
            {"volumes": [{"name": "host", "hostPath": {"path": "/"}}]},
            'hostPath volumes (volume "host")',
        ),
        (
            {
                "containers": [
                    {"name": "a", "image": "i:1", "securityContext": {"privileged": True}},
                    {"name": "b", "image": "i:1", "securityContext": {"privileged": True}},
                ]
            },
            'privileged (containers "a", "b" must not set securityContext.privileged=true)',
        ),
    ],
)
def test_baseline_refuses_what_reaches_the_node(kube: Kube, spec: dict[str, Any], why: str) -> None:
    enforce(kube, "baseline")

    text = refusal(post(kube, "pods", pod("one", **spec)))

    assert text == f'pods "one" is forbidden: violates PodSecurity "baseline:latest": {why}'
