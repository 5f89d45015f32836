"""The cert-controller: until it has written its authority into them, the webhooks trust nobody."""

import asyncio
import base64

import trustme

from sandbox.cluster.controllers.controller import Controller, Surroundings
from sandbox.cluster.controllers.external_secrets.kinds import COMPONENT
from sandbox.cluster.controllers.external_secrets.presence import has_arrived, running
from sandbox.cluster.controllers.kinds import SECRETS, VALIDATING_WEBHOOKS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import age, labels, leaving, status

READY = "webhook.ready"  # From the ready pod to the written certificate, in latency.yaml.


class Certificates(Controller):
    kind = VALIDATING_WEBHOOKS

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._authority: trustme.CA | None = None
        self._waits: dict[str, float] = {}  # Of each pod, for a wait is drawn once.
        self._arrivals: dict[str, float] = {}  # Finer than the whole seconds of the API.

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if new is not None and has_arrived(kind, old, new, "certcontroller"):
            self._arrivals[new["metadata"]["uid"]] = asyncio.get_running_loop().time()
            for manifest in self.cache.find(VALIDATING_WEBHOOKS):
                self.queue.add(Key.of(manifest))

    async def reconcile(self, key: Key) -> float | None:
        configuration = self.cache.get(VALIDATING_WEBHOOKS, key)
        if configuration is None or leaving(configuration):
            return None
        pod = running(self.cache, "certcontroller")
        if labels(configuration).get(COMPONENT) != "webhook" or pod is None:
            return None
        hooks = configuration.get("webhooks") or []
        if all(hook["clientConfig"].get("caBundle") for hook in hooks):
            return None
        identifier = pod["metadata"]["uid"]
        if identifier not in self._waits:
            self._waits[identifier] = self.latency.seconds(READY)
        left = self._waits[identifier] - self._ready_for(pod)
        if left > 0:
            return left
        await self._write_certificate(pod["metadata"]["namespace"])
        bundle = base64.b64encode(self._certificate()).decode()
        signed = [
            hook | {"clientConfig": hook["clientConfig"] | {"caBundle": bundle}} for hook in hooks
        ]
        await self.around.patch(VALIDATING_WEBHOOKS, configuration, {"webhooks": signed})
        return None

    def _ready_for(self, pod: Manifest) -> float:
        """Seconds since a pod became ready."""
        seen = self._arrivals.get(pod["metadata"]["uid"])
        return age(since(pod)) if seen is None else asyncio.get_running_loop().time() - seen

    def _certificate(self) -> bytes:
        self._authority = self._authority or trustme.CA()
        return self._authority.cert_pem.bytes()

    async def _write_certificate(self, namespace: str) -> None:
        """Fill the Secret that the chart made for the webhook's key pair."""
        authority = self._certificate()
        for secret in self.cache.find(SECRETS, namespace):
            if labels(secret).get(COMPONENT) == "webhook" and not secret.get("data"):
                if self._authority is None:
                    return
                name = f"{secret['metadata']['name']}.{namespace}.svc"
                pair = self._authority.issue_cert(name)
                data = {
                    "ca.crt": authority,
                    "tls.crt": pair.cert_chain_pems[0].bytes(),
                    "tls.key": pair.private_key_pem.bytes(),
                }
                encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
                await self.around.patch(SECRETS, secret, {"data": encoded})


def since(pod: Manifest) -> str:
    """When a pod became ready."""
    conditions = status(pod)["conditions"]
    return str(next(item["lastTransitionTime"] for item in conditions if item["type"] == "Ready"))
