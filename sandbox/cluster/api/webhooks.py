"""Admission webhooks: nothing is called, but one that could not be reached refuses, as it would."""

import base64
from collections.abc import Iterator
from typing import Any

from sandbox.cluster.api import selectors
from sandbox.cluster.api.errors import ApiError, internal
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Storage

Object = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
CONFIGURATIONS = (
    (GROUP, "mutatingwebhookconfigurations"),
    (GROUP, "validatingwebhookconfigurations"),
)
UNREACHABLE = "dial tcp {}:{}: connect: connection refused"
UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


class Webhooks:
    """The webhooks that a cluster has right now."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def admit(self, kind: Kind, operation: str, body: Object) -> None:
        """Refuse a write that a webhook must see and cannot."""
        if kind.group == GROUP:
            return  # Webhooks never guard themselves, or nobody could repair them.
        for webhook in self._asked(kind, operation, body):
            if webhook.get("failurePolicy") == "Fail" and (why := self._failure(webhook)):
                raise refusal(webhook, why)

    def _asked(self, kind: Kind, operation: str, body: Object) -> Iterator[Object]:
        for resource in CONFIGURATIONS:
            for configuration in self._storage.collection(resource):
                for webhook in configuration.get("webhooks") or ():
                    rules = webhook.get("rules") or ()
                    if any(covers(rule, kind, operation) for rule in rules) and self._chosen(
                        webhook, kind, body
                    ):
                        yield webhook

    def _chosen(self, webhook: Object, kind: Kind, body: Object) -> bool:
        labels = body["metadata"].get("labels") or {}
        if not selectors.matches(webhook.get("objectSelector") or {}, labels):
            return False
        if not kind.namespaced:
            return True
        namespace = self._storage.get(("", "namespaces"), "", body["metadata"]["namespace"])
        labels = (namespace or {"metadata": {}})["metadata"].get("labels") or {}
        return selectors.matches(webhook.get("namespaceSelector") or {}, labels)

    def _failure(self, webhook: Object) -> str | None:
        """Why a webhook cannot be called, or None when it can."""
        client = webhook.get("clientConfig") or {}
        place = client.get("service")
        if place is None:
            return None
        namespace, name = place["namespace"], place["name"]
        service = self._storage.get(("", "services"), namespace, name)
        if service is None:
            return f'service "{name}" not found'
        if not self._has_endpoints(namespace, name):
            return UNREACHABLE.format(service["spec"].get("clusterIP"), place.get("port", 443))
        return None if holds_certificate(client.get("caBundle")) else UNTRUSTED

    def _has_endpoints(self, namespace: str, name: str) -> bool:
        endpoints = self._storage.get(("", "endpoints"), namespace, name) or {}
        if any(subset.get("addresses") for subset in endpoints.get("subsets") or ()):
            return True
        slices = self._storage.collection(("discovery.k8s.io", "endpointslices"), namespace)
        return any(
            (endpoint.get("conditions") or {}).get("ready", True)
            for each in slices
            if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") == name
            for endpoint in each.get("endpoints") or ()
        )


def covers(rule: Object, kind: Kind, operation: str) -> bool:
    """Does a rule speak about this operation on this kind?"""

    def listed(field: str, value: str) -> bool:
        return bool({"*", value}.intersection(rule.get(field) or ()))

    scope = "Namespaced" if kind.namespaced else "Cluster"
    return (
        listed("operations", operation)
        and listed("apiGroups", kind.group)
        and listed("apiVersions", kind.version)
        and (listed("resources", kind.plural) or "*/*" in rule["resources"])
        and rule.get("scope", "*") in ("*", scope)
    )


def holds_certificate(bundle: str | None) -> bool:
    """An empty bundle, or one with only blanks in it, verifies nobody."""
    try:
        return bool(bundle) and bool(base64.b64decode(bundle or "").strip())
    except ValueError:
        return False


def refusal(webhook: Object, why: str) -> ApiError:
    service = webhook["clientConfig"]["service"]
    host = f"{service['name']}.{service['namespace']}.svc:{service.get('port', 443)}"
    path = service.get("path") or "/"
    url = f"https://{host}{path}?timeout={webhook.get('timeoutSeconds', 10)}s"
    return internal(
        f'failed calling webhook "{webhook["name"]}": failed to call webhook: Post "{url}": {why}'
    )
