"""What a real API server refuses in built-in kinds, in its own words."""

from typing import Any

import pytest

from tests.sandbox.cluster.conftest import Kube

APPS = "/apis/apps/v1"
MERGE = {"Content-Type": "application/merge-patch+json"}


def deployment(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    containers = [{"name": "web", "image": "nginx:1", **(container or {})}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def refusal(kube: Kube, plural: str, body: dict[str, Any], root: str = "/api/v1") -> str:
    """The message with which a create is refused."""
    answer = kube.http.post(
        kube.path(plural, root=root), json=body, params={"fieldValidation": "Strict"}
    )
    assert answer.status_code in (400, 422), answer.text
    return str(answer.json()["message"])


CONTAINER = "spec.template.spec.containers[0]"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"image": ""}, f"{CONTAINER}.image: Required value"),
        ({"name": "Web_1"}, f'{CONTAINER}.name: Invalid value: "Web_1": a lowercase RFC 1123'),
        (
            {"ports": [{"containerPort": 70000}]},
            f"{CONTAINER}.ports[0].containerPort: Invalid value: 70000: must be between 1 and",
        ),
        (
            {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
            f'{CONTAINER}.volumeMounts[0].name: Not found: "data"',
        ),
        (
            {"env": [{"name": "A", "value": "1", "valueFrom": {"secretKeyRef": {}}}]},
            f'{CONTAINER}.env[0].valueFrom: Invalid value: "": may not be specified when',
        ),
        (
            {"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "500m"}}},
            'requests: Invalid value: "2": must be less than or equal to cpu limit of 500m',
        ),
        ({"livenessProbe": {"periodSeconds": 1}}, "must specify a handler type"),
        ({"imagePullPolicy": "Often"}, 'supported values: "Always", "IfNotPresent", "Never"'),
    ],
)
def test_a_container_that_cannot_run_is_refused(
    kube: Kube, container: dict[str, Any], expected: str
) -> None:
    message = refusal(kube, "deployments", deployment(container), APPS)

    assert message.startswith('Deployment.apps "web" is invalid: ')
    assert expected in message


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (
            {"env": [{"name": "A", "value": True}]},
            (
                "json: cannot unmarshal bool into Go struct field "
                "EnvVar.spec.template.spec.containers.env.value of type string"
            ),
        ),
        (
            {"ports": [{"containerPort": "80"}]},
            (
                "json: cannot unmarshal string into Go struct field "
                "ContainerPort.spec.template.spec.containers.ports.containerPort of type int32"
            ),
        ),
        (
            {"resources": {"limits": {"memory": "1Gb"}}},
            "quantities must match the regular expression",
        ),
        (
            {"imagePolicy": "Always"},
            f'strict decoding error: unknown field "{CONTAINER}.imagePolicy"',
        ),
    ],
)
def test_a_field_of_the_wrong_type_or_name_is_refused(
    kube: Kube, container: dict[str, Any], expected: str
) -> None:
    message = refusal(kube, "deployments", deployment(container), APPS)

    assert message.startswith('Deployment in version "v1" cannot be handled as a Deployment: ')
    assert expected in message


def test_an_unknown_field_is_dropped_with_a_warning_unless_validation_is_strict(
    kube: Kube,
) -> None:
    body = {"metadata": {"name": "cfg"}, "data": {}, "dta": {}}

    answer = kube.http.post(kube.path("configmaps"), json=body)

    assert (answer.status_code, "dta" in answer.json()) == (201, False)
    assert answer.headers["warning"] == '299 - "unknown field \\"dta\\""'


@pytest.mark.parametrize(
    ("plural", "body", "expected"),
    [
        ("secrets", {"stringData": {"a": 1}}, "cannot unmarshal number into Go struct field"),
        ("secrets", {"data": {"a": "not base64!"}}, "illegal base64 data at input byte 3"),
        ("secrets", {"type": "kubernetes.io/tls"}, "data[tls.crt]: Required value"),
        ("configmaps", {"data": {"a b": "c"}}, "a valid config key must consist of"),
        ("services", {"spec": {}}, "spec.ports: Required value"),
        ("services", {"spec": {"ports": [{"port": 1}, {"port": 2}]}}, "spec.ports[0].name"),
        ("pods", {}, "spec: Required value"),
        ("pods", {"spec": {"containers": []}}, "spec.containers: Required value"),
        ("persistentvolumeclaims", {"spec": {}}, "at least 1 access mode is required"),
    ],
)
def test_an_object_that_lacks_what_it_needs_is_refused(
    kube: Kube, plural: str, body: dict[str, Any], expected: str
) -> None:
    assert expected in refusal(kube, plural, {"metadata": {"name": "it"}, **body})


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"name": "Web"}, 'metadata.name: Invalid value: "Web": a lowercase RFC 1123 subdomain'),
        ({}, "name or generateName is required"),
        (
            {"name": "web", "labels": {"a": "b c"}},
            'metadata.labels: Invalid value: "b c": a valid label must be an empty string or',
        ),
        ({"name": "web", "labels": {"a/b/c": ""}}, "prefix part a lowercase RFC 1123 subdomain"),
        ({"name": "x" * 254}, "must be no more than 253 characters"),
    ],
)
def test_names_and_labels_follow_their_rules(
    kube: Kube, metadata: dict[str, Any], expected: str
) -> None:
    assert expected in refusal(kube, "configmaps", {"metadata": metadata})


def test_a_deployment_that_recreates_its_pods_does_not_roll(kube: Kube) -> None:
    strategy = {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}

    message = refusal(kube, "deployments", deployment(strategy=strategy), APPS)

    assert "spec.strategy.rollingUpdate: Forbidden: may not be specified" in message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"key": "app", "operator": "Like"}, "not a valid selector operator"),
        ({"key": "app", "operator": "In"}, "matchExpressions[0].values: Required value"),
        ({"key": "app", "operator": "Exists", "values": ["x"]}, "values: Forbidden"),
        ({"operator": "Exists"}, "matchExpressions[0].key: Invalid value"),
    ],
)
def test_a_selector_that_says_nothing_sensible_is_refused(
    kube: Kube, expression: dict[str, Any], expected: str
) -> None:
    selector = {"matchExpressions": [expression]}
    body = {"metadata": {"name": "web"}, "spec": {"podSelector": selector}}

    message = refusal(kube, "networkpolicies", body, "/apis/networking.k8s.io/v1")

    assert expected in message


def test_a_selector_must_choose_the_pods_of_its_own_template(kube: Kube) -> None:
    body = deployment(selector={"matchLabels": {"app": "other"}})

    message = refusal(kube, "deployments", body, APPS)

    assert "`selector` does not match template `labels`" in message


@pytest.mark.parametrize(
    ("place", "body", "change", "expected"),
    [
        (
            ("deployments", APPS),
            deployment(),
            {"spec": {"selector": {"matchLabels": {"app": "web", "more": "x"}}}},
            "spec.selector: Invalid value",
        ),
        (
            ("secrets", "/api/v1"),
            {"metadata": {"name": "web"}, "immutable": True, "stringData": {"a": "b"}},
            {"stringData": {"a": "c"}},
            "field is immutable when `immutable` is set",
        ),
        (
            ("services", "/api/v1"),
            {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}},
            {"spec": {"clusterIP": "10.0.9.9"}},
            "may not change once set",
        ),
        (
            ("jobs", "/apis/batch/v1"),
            {
                "metadata": {"name": "web"},
                "spec": {
                    "template": {
                        "spec": {
                            "restartPolicy": "Never",
                            "containers": [{"name": "a", "image": "b"}],
                        }
                    }
                },
            },
            {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}},
            "spec.template: Invalid value",
        ),
    ],
)
def test_what_is_immutable_stays(
    kube: Kube, place: tuple[str, str], body: dict[str, Any], change: dict[str, Any], expected: str
) -> None:
    plural, root = place
    kube.http.post(kube.path(plural, root=root), json=body).raise_for_status()

    refused = kube.http.patch(kube.path(plural, "web", root), json=change, headers=MERGE)

    assert refused.status_code == 422
    assert expected in refused.json()["message"]


def test_a_pod_of_an_unknown_service_account_is_forbidden(kube: Kube) -> None:
    spec = {"serviceAccountName": "ghost", "containers": [{"name": "a", "image": "b"}]}

    refused = kube.http.post(kube.path("pods"), json={"metadata": {"name": "p"}, "spec": spec})

    assert refused.status_code == 403
    assert 'serviceaccount "ghost" not found' in refused.json()["message"]
