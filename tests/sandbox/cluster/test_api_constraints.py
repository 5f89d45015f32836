"""Fields with a few allowed words, and numbers that must not be negative."""

from typing import Any

import pytest

from tests.sandbox.cluster.conftest import Kube
from tests.sandbox.cluster.test_api_validation import APPS, deployment, refusal

AUTOSCALING = "/apis/autoscaling/v2"
CONTAINER = "spec.template.spec.containers[0]"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            deployment({"ports": [{"containerPort": 80, "protocol": "HTTP"}]}),
            (
                f'{CONTAINER}.ports[0].protocol: Unsupported value: "HTTP": supported values: '
                '"SCTP", "TCP", "UDP"'
            ),
        ),
        (
            deployment(
                {"readinessProbe": {"httpGet": {"port": 80, "scheme": "https"}, "periodSeconds": 1}}
            ),
            (
                f'{CONTAINER}.readinessProbe.httpGet.scheme: Unsupported value: "https": '
                'supported values: "HTTP", "HTTPS"'
            ),
        ),
        (
            deployment({"livenessProbe": {"httpGet": {"port": 80}, "initialDelaySeconds": -1}}),
            (
                f"{CONTAINER}.livenessProbe.initialDelaySeconds: Invalid value: -1: "
                "must be greater than or equal to 0"
            ),
        ),
        (
            deployment(revisionHistoryLimit=-1),
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ),
    ],
)
def test_a_deployment_takes_only_what_its_types_allow(
    kube: Kube, body: dict[str, Any], why: str
) -> None:
    assert refusal(kube, "deployments", body, APPS) == f'Deployment.apps "web" is invalid: {why}'


def test_an_autoscaler_has_its_bounds_in_order(kube: Kube) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 2}

    text = refusal(
        kube,
        "horizontalpodautoscalers",
        {"metadata": {"name": "web"}, "spec": spec},
        AUTOSCALING,
    )

    assert text.endswith(
        "spec.maxReplicas: Invalid value: 2: must be greater than or equal to `minReplicas`"
    )
