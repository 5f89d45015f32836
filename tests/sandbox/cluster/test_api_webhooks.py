"""Admission webhooks that are not ready yet: the races of an installation."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.cluster.conftest import Kube

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
NAME = "validate.configmap.example.com"


@pytest.fixture
def guarded(kube: Kube) -> Iterator[Kube]:
    """A namespace whose ConfigMaps a webhook must see; its Service exists, without endpoints."""
    name = f"guard-{kube.namespace}"
    service = {"name": "guard", "namespace": kube.namespace, "path": "/validate-configmap"}
    webhook = {
        "name": NAME,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 5,
        "clientConfig": {"service": service},
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": kube.namespace}},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["configmaps"],
            }
        ],
    }
    body = {"metadata": {"name": name}, "webhooks": [webhook]}
    kube.http.post(CONFIGURATIONS, json=body).raise_for_status()
    ports = {"ports": [{"port": 443}]}
    kube.http.post(
        kube.path("services"), json={"metadata": {"name": "guard"}, "spec": ports}
    ).raise_for_status()
    yield kube
    kube.http.delete(f"{CONFIGURATIONS}/{name}")


def create(kube: Kube, name: str = "cfg") -> Any:
    return kube.http.post(kube.path("configmaps"), json={"metadata": {"name": name}})


def answer_calls(kube: Kube) -> None:
    """Put a ready pod behind the Service."""
    subset = {"addresses": [{"ip": "10.244.0.9"}], "ports": [{"port": 10250}]}
    body = {"metadata": {"name": "guard"}, "subsets": [subset]}
    kube.http.post(kube.path("endpoints"), json=body).raise_for_status()


def trust(kube: Kube, bundle: str) -> None:
    """Set the authority that signs the webhook's certificate."""
    patch = [{"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": bundle}]
    kube.http.patch(
        f"{CONFIGURATIONS}/guard-{kube.namespace}",
        json=patch,
        headers={"Content-Type": "application/json-patch+json"},
    ).raise_for_status()


CERTIFICATE = base64.b64encode(b"-----BEGIN CERTIFICATE-----").decode()


def test_without_endpoints_the_connection_is_refused(guarded: Kube) -> None:
    refused = create(guarded)

    body = refused.json()
    assert (refused.status_code, body["reason"]) == (500, "InternalError")
    assert body["message"].startswith(
        f'Internal error occurred: failed calling webhook "{NAME}": failed to call webhook: '
        f'Post "https://guard.{guarded.namespace}.svc:443/validate-configmap?timeout=5s": '
        "dial tcp 10.0."
    )
    assert body["message"].endswith(":443: connect: connection refused")


@pytest.mark.parametrize("bundle", ["", "Cg=="])
def test_without_an_authority_the_certificate_is_not_trusted(guarded: Kube, bundle: str) -> None:
    answer_calls(guarded)
    trust(guarded, bundle)

    refused = create(guarded)

    assert refused.json()["message"].endswith("x509: certificate signed by unknown authority")


def test_with_endpoints_and_an_authority_everything_is_admitted(guarded: Kube) -> None:
    answer_calls(guarded)
    trust(guarded, CERTIFICATE)

    assert create(guarded).status_code == 201


def test_endpoint_slices_count_as_endpoints(guarded: Kube) -> None:
    trust(guarded, CERTIFICATE)
    body = {
        "metadata": {"name": "guard-x", "labels": {"kubernetes.io/service-name": "guard"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.244.0.9"], "conditions": {"ready": True}}],
    }

    path = guarded.path("endpointslices", root="/apis/discovery.k8s.io/v1")
    guarded.http.post(path, json=body).raise_for_status()

    assert create(guarded).status_code == 201


def test_a_missing_service_is_named(guarded: Kube) -> None:
    guarded.http.delete(guarded.path("services", "guard"))

    assert create(guarded).json()["message"].endswith('service "guard" not found')


def test_other_namespaces_and_kinds_are_not_asked_about(guarded: Kube) -> None:
    elsewhere = guarded.http.post(
        "/api/v1/namespaces/default/configmaps",
        json={"metadata": {"name": f"free-{guarded.namespace}"}},
    )
    secret = guarded.http.post(guarded.path("secrets"), json={"metadata": {"name": "keys"}})

    assert (elsewhere.status_code, secret.status_code) == (201, 201)


def test_a_webhook_that_may_fail_refuses_nothing(guarded: Kube) -> None:
    patch = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    guarded.http.patch(
        f"{CONFIGURATIONS}/guard-{guarded.namespace}",
        json=patch,
        headers={"Content-Type": "application/json-patch+json"},
    ).raise_for_status()

    assert create(guarded).status_code == 201


def test_a_dry_run_meets_the_webhook_too(guarded: Kube) -> None:
    path = guarded.path("configmaps")

    refused = guarded.http.post(path, json={"metadata": {"name": "cfg"}}, params={"dryRun": "All"})

    assert refused.status_code == 500
