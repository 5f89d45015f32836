"""An operator in a cluster, and what tests ask of it."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

Manifest = dict[str, Any]
Build = Callable[..., Manifest]
IMAGE = "ghcr.io/external-secrets/external-secrets:v2.9.0"
ROOT = "/apis/external-secrets.io/v1/namespaces/demo"
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
