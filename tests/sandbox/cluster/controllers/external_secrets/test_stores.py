"""Stores: who is waited for, and how they sign in."""

import base64
from typing import Any

import pytest

from tests.sandbox.cluster.controllers.external_secrets.conftest import (
    ROOT,
    Build,
    Manifest,
    account,
    condition,
    data_of,
    install,
    program,
    store,
    synced,
    told,
    wanted,
    warnings,
)

WEBHOOK = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/externalsecret-validate"
)


def test_a_store_is_valid_although_nobody_asked_the_vault(operator: Any) -> None:
    assert told(operator, "secretstores/vault") == ("True", "Valid", "store validated")
    assert operator.world.asked == []
    assert operator.get(f"{ROOT}/secretstores/vault")["status"]["capabilities"] == "ReadWrite"


def test_nothing_happens_until_the_operator_runs(live: Any, demo: Build) -> None:
    install(live, "webhook", "certcontroller")
    live.create(account(demo), store(demo))
    live.world.secrets["one"] = "1"
    live.create(wanted(demo))
    live.until(lambda: live.items("/api/v1/namespaces/external-secrets/pods"))

    before = condition(live, "secretstores/vault")
    live.create(program("controller"))

    assert before is None
    live.until(lambda: synced(live))


@pytest.mark.parametrize(
    ("marks", "provider", "complaint"),
    [
        ({"azure.workload.identity/client-id": ""}, {}, "missing clientID"),
        ({}, {"serviceAccountRef": {"name": "nobody"}}, 'ServiceAccount "nobody" not found'),
        ({}, {"tenantId": "twice"}, "multiple tenantID found"),
        ({}, {"authType": "ServicePrincipal"}, "simulates WorkloadIdentity and ManagedIdentity"),
        ({}, {"authType": "ManagedIdentity"}, "Multiple user assigned identities exist"),
    ],
)
def test_a_store_that_cannot_sign_in_is_invalid(
    live: Any, demo: Build, marks: dict[str, str], provider: Manifest, complaint: str
) -> None:
    install(live)
    live.create(account(demo, **marks), store(demo, **provider))

    reason = told(live, "secretstores/vault")

    assert reason == ("False", "InvalidProviderConfig", "unable to create client")
    live.until(lambda: any(complaint in text for text in warnings(live, "InvalidProviderConfig")))


def test_a_store_may_use_an_identity_of_the_node(live: Any, demo: Build) -> None:
    live.world.secrets["one"] = "1"
    install(live)
    live.create(store(demo, authType="ManagedIdentity", identityId="the-client"), wanted(demo))

    live.until(lambda: synced(live))

    assert data_of(live) == {"one": "1"}
    assert live.world.assertions == []


def test_a_store_becomes_valid_when_entra_knows_the_federation(live: Any, demo: Build) -> None:
    live.world.untrusted = True
    install(live)
    live.create(account(demo), store(demo))

    first = told(live, "secretstores/vault")
    live.until(lambda: any("AADSTS" in t for t in warnings(live, "InvalidProviderConfig")))
    live.world.untrusted = False

    assert first[1] == "InvalidProviderConfig"
    live.until(lambda: told(live, "secretstores/vault")[1] == "Valid")


def test_the_webhooks_trust_nobody_until_the_certificate_is_written(slow: Any) -> None:
    slow.namespace("external-secrets")
    service = {"namespace": "external-secrets", "name": "eso-webhook", "path": "/validate"}
    rule = {
        "apiGroups": ["external-secrets.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["externalsecrets"],
    }
    hook = {
        "name": "validate.externalsecret.external-secrets.io",
        "clientConfig": {"service": service},
        "rules": [rule],
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "failurePolicy": "Fail",
    }
    slow.create(
        {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {
                "name": "externalsecret-validate",
                "labels": {"external-secrets.io/component": "webhook"},
            },
            "webhooks": [hook],
        },
        program("certcontroller"),
    )

    deployment = "/apis/apps/v1/namespaces/external-secrets/deployments/eso-certcontroller"
    slow.until(lambda: (slow.get(deployment).get("status") or {}).get("availableReplicas"))
    before = slow.get(WEBHOOK)["webhooks"][0]["clientConfig"].get("caBundle")
    after = slow.until(lambda: slow.get(WEBHOOK)["webhooks"][0]["clientConfig"].get("caBundle"))

    assert not before
    assert base64.b64decode(after).startswith(b"-----BEGIN CERTIFICATE-----")
