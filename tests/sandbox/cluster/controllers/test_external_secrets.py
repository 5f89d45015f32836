"""The External Secrets Operator: who it waits for, what it reads, and how patient it is."""

import base64
import itertools
from collections.abc import Callable
from typing import Any

import pytest

Manifest = dict[str, Any]
Build = Callable[..., Manifest]

IMAGE = "ghcr.io/external-secrets/external-secrets:v2.9.0"
ROOT = "/apis/external-secrets.io/v1/namespaces/demo"
WEBHOOK = (
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/externalsecret-validate"
)
PROGRAMS = ("controller", "webhook", "certcontroller")


def definition(kind: str, plural: str) -> Manifest:
    preserve = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": preserve},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.external-secrets.io"},
        "spec": {
            "group": "external-secrets.io",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [version],
        },
    }


def program(name: str) -> Manifest:
    arguments = ["--concurrent=1"] if name == "controller" else [name]
    container = {"name": "main", "image": IMAGE, "args": arguments}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"eso-{name}", "namespace": "external-secrets"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [container]},
            },
        },
    }


def install(live: Any, *programs: str) -> None:
    live.namespace("external-secrets")
    live.create(
        definition("SecretStore", "secretstores"), definition("ExternalSecret", "externalsecrets")
    )
    live.create(*(program(name) for name in programs or PROGRAMS))


def account(demo: Build, **marks: str) -> Manifest:
    known = {
        "azure.workload.identity/client-id": "the-client",
        "azure.workload.identity/tenant-id": "the-tenant",
    }
    return demo("ServiceAccount", "vault-reader", metadata={"annotations": known | marks})


def store(demo: Build, **provider: Any) -> Manifest:
    azure = {
        "authType": "WorkloadIdentity",
        "vaultUrl": "https://demo.vault.azure.net/",
        "serviceAccountRef": {"name": "vault-reader"},
    }
    spec = {"provider": {"azurekv": azure | provider}}
    return demo("SecretStore", "vault", "external-secrets.io/v1", spec=spec)


def wanted(demo: Build, name: str = "app", keys: tuple[str, ...] = ("one",), **spec: Any) -> Any:
    data = [{"secretKey": key, "remoteRef": {"key": key}} for key in keys]
    whole = {"refreshInterval": "1h", "secretStoreRef": {"name": "vault"}, "data": data}
    return demo("ExternalSecret", name, "external-secrets.io/v1", spec=whole | spec)


@pytest.fixture
def operator(live: Any, demo: Build) -> Any:
    """A cluster with a running operator and a valid store."""
    install(live)
    live.create(account(demo))
    live.until(lambda: live.http.get(f"{ROOT}/secretstores").status_code == 200)
    live.create(store(demo))
    live.until(lambda: told(live, "secretstores/vault")[1] == "Valid")
    return live


def condition(live: Any, path: str) -> Manifest | None:
    found = live.get(f"{ROOT}/{path}").get("status", {}).get("conditions")
    return found[0] if found else None


def told(live: Any, path: str) -> tuple[str, str, str]:
    """Wait until an object has a condition; returns its status, reason and message."""
    found = live.until(lambda: condition(live, path))
    return found["status"], found["reason"], found["message"]


def data_of(live: Any, name: str = "app") -> dict[str, str]:
    found = live.get(f"/api/v1/namespaces/demo/secrets/{name}").get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in found.items()}


def warnings(live: Any, reason: str) -> list[str]:
    events = live.items("/api/v1/namespaces/demo/events")
    return [item["message"] for item in events if item["reason"] == reason]


def synced(live: Any, name: str = "app") -> bool:
    found = condition(live, f"externalsecrets/{name}")
    return bool(found and found["reason"] == "SecretSynced")


# --- Stores ------------------------------------------------------------------------------------


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


# --- ExternalSecrets ---------------------------------------------------------------------------


def test_a_secret_is_made_from_the_vault(operator: Any, demo: Build) -> None:
    operator.world.secrets |= {"one": "1", "two": "2"}

    operator.create(wanted(demo, keys=("one", "two")))

    assert told(operator, "externalsecrets/app") == ("True", "SecretSynced", "secret synced")
    found = operator.get(f"{ROOT}/externalsecrets/app")
    secret = operator.get("/api/v1/namespaces/demo/secrets/app")
    assert data_of(operator) == {"one": "1", "two": "2"}
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "ExternalSecret"
    assert found["status"]["binding"] == {"name": "app"}
    assert found["status"]["refreshTime"]
    assert found["status"]["syncedResourceVersion"].startswith("1-")


def test_the_operator_signs_in_as_the_service_account(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"

    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    claims = operator.world.assertions[-1]
    assert claims["iss"] == operator.settings.issuer
    assert claims["sub"] == "system:serviceaccount:demo:vault-reader"
    assert claims["aud"] == ["api://AzureADTokenExchange"]


def test_a_refusal_of_the_vault_is_generic_in_the_condition_and_exact_in_the_event(
    operator: Any, demo: Build
) -> None:
    operator.world.forbidden = True

    operator.create(wanted(demo))

    assert told(operator, "externalsecrets/app") == (
        "False",
        "SecretSyncedError",
        "could not get secret data from provider",
    )
    text = operator.until(lambda: warnings(operator, "UpdateFailed"))[0]
    assert text.startswith(
        "error processing spec.data[0] (key: one), err: keyvault.BaseClient#GetSecret: Failure"
        " responding to request: StatusCode=403 -- Original Error: autorest/azure: Service"
        ' returned an error. Status=403 Code="Forbidden" Message="Caller is not authorized'
    )
    assert text.endswith('InnerError={"code":"ForbiddenByRbac"}')


def test_one_missing_secret_fails_all(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"

    operator.create(wanted(demo, keys=("one", "two")))

    assert told(operator, "externalsecrets/app")[1] == "SecretSyncedError"
    assert data_of(operator) == {}
    message = "error processing spec.data[1] (key: two), err: Secret does not exist"
    operator.until(lambda: message in warnings(operator, "UpdateFailed"))


def test_each_failure_doubles_the_wait(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True

    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 7)

    times = [when for when, _ in slow.world.asked]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert gaps[-1] == pytest.approx(0.32, rel=0.5)  # 32 seconds, a hundred times faster.
    assert gaps[-1] > 1.5 * gaps[-2]


def test_a_new_annotation_asks_at_once_however_long_the_wait(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True
    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 10)
    slow.world.forbidden = False
    slow.world.secrets["one"] = "1"

    mark = {"metadata": {"annotations": {"force-sync": "now"}}}
    slow.patch(f"{ROOT}/externalsecrets/app", mark)

    slow.until(lambda: synced(slow), seconds=3.5)  # The next regular try is 4.2 seconds away.


def test_a_restarted_operator_has_forgotten_its_failures(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.until(lambda: told(slow, "secretstores/vault")[1] == "Valid")
    slow.world.forbidden = True
    slow.create(wanted(demo))
    slow.until(lambda: len(slow.world.asked) >= 10)
    slow.world.forbidden = False
    slow.world.secrets["one"] = "1"

    restart = {"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}}
    slow.patch("/apis/apps/v1/namespaces/external-secrets/deployments/eso-controller", restart)

    slow.until(lambda: synced(slow), seconds=3.5)  # The next regular try is 4.2 seconds away.


def test_force_sync_reads_a_changed_value(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "old"
    operator.create(wanted(demo))
    operator.until(lambda: data_of(operator) == {"one": "old"})

    operator.world.secrets["one"] = "new"
    mark = {"metadata": {"annotations": {"force-sync": "1"}}}
    operator.patch(f"{ROOT}/externalsecrets/app", mark)

    operator.until(lambda: data_of(operator) == {"one": "new"})


def test_a_secret_is_read_again_after_its_interval(slow: Any, demo: Build) -> None:
    install(slow)
    slow.create(account(demo), store(demo))
    slow.world.secrets["one"] = "old"
    slow.create(wanted(demo, refreshInterval="1m40s"))
    slow.until(lambda: data_of(slow) == {"one": "old"})

    slow.world.secrets["one"] = "new"

    slow.until(lambda: data_of(slow) == {"one": "new"})


def test_a_secret_is_read_again_also_where_nothing_takes_time(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "old"
    operator.create(wanted(demo, refreshInterval="1h"))
    operator.until(lambda: data_of(operator) == {"one": "old"})

    operator.world.secrets["one"] = "new"

    operator.until(lambda: data_of(operator) == {"one": "new"})


def test_a_later_failure_keeps_the_old_secret(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.world.forbidden = True
    mark = {"metadata": {"annotations": {"force-sync": "1"}}}
    operator.patch(f"{ROOT}/externalsecrets/app", mark)

    operator.until(lambda: not synced(operator))
    assert data_of(operator) == {"one": "1"}


def test_a_lost_secret_is_made_again(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.delete("/api/v1/namespaces/demo/secrets/app")

    operator.until(lambda: data_of(operator) == {"one": "1"})


def test_a_secret_goes_with_its_external_secret(operator: Any, demo: Build) -> None:
    operator.world.secrets["one"] = "1"
    operator.create(wanted(demo))
    operator.until(lambda: synced(operator))

    operator.delete(f"{ROOT}/externalsecrets/app")

    operator.until(lambda: data_of(operator) == {})


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"dataFrom": [{"extract": {"key": "json"}}]}, {"id": "me", "port": "5432"}),
        (
            {"data": [{"secretKey": "k", "remoteRef": {"key": "json", "property": "id"}}]},
            {"k": "me"},
        ),
        (
            {
                "data": [
                    {"secretKey": "k", "remoteRef": {"key": "base", "decodingStrategy": "Base64"}}
                ]
            },
            {"k": "plain"},
        ),
        (
            {
                "dataFrom": [{"extract": {"key": "json"}}],
                "target": {"template": {"data": {"url": "postgres://{{ .id }}:{{ .port }}"}}},
            },
            {"url": "postgres://me:5432"},
        ),
    ],
)
def test_values_take_the_form_that_is_asked_for(
    operator: Any, demo: Build, spec: Manifest, expected: dict[str, str]
) -> None:
    operator.world.secrets |= {"json": '{"id": "me", "port": 5432}', "base": "cGxhaW4="}

    operator.create(wanted(demo, keys=(), **spec))

    operator.until(lambda: synced(operator))
    assert data_of(operator) == expected


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({"dataFrom": [{"find": {}}]}, "the sandbox simulates dataFrom.extract"),
        (
            {"data": [{"secretKey": "k", "remoteRef": {"key": "json", "property": "x"}}]},
            "property x does not exist in key json",
        ),
        (
            {"target": {"template": {"data": {"x": "{{ .one | b64enc }}"}}}},
            "the sandbox does not simulate the template {{ .one | b64enc }}",
        ),
    ],
)
def test_what_cannot_be_done_is_said(
    operator: Any, demo: Build, spec: Manifest, complaint: str
) -> None:
    operator.world.secrets |= {"json": "{}", "one": "1"}

    operator.create(wanted(demo, **spec))

    operator.until(lambda: any(complaint in text for text in warnings(operator, "UpdateFailed")))


# --- The webhook's certificate -----------------------------------------------------------------


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
