"""SecretStores: valid when a client can be built; the vault itself is not asked."""

from sandbox.cluster.controllers.controller import Surroundings
from sandbox.cluster.controllers.external_secrets.backoff import OperatorWorker
from sandbox.cluster.controllers.external_secrets.kinds import (
    CLUSTER_SECRET_STORES,
    SECRET_STORES,
    SOURCE,
)
from sandbox.cluster.controllers.external_secrets.vault import ProviderError, Vaults
from sandbox.cluster.controllers.kinds import Key
from sandbox.cluster.controllers.objects import condition, leaving

VALIDATED = "store validated"
UNABLE = "unable to create client"
INTERVAL = 300.0  # Seconds between two validations, unless the store says otherwise.


class SecretStores(OperatorWorker):
    kind = SECRET_STORES

    def __init__(self, around: Surroundings, vaults: Vaults) -> None:
        super().__init__(around)
        self.vaults = vaults

    async def reconcile(self, key: Key) -> float | None:
        store = self.cache.get(self.kind, key)
        if store is None or leaving(store) or not self.is_running:
            return None
        kind, tell = self.kind, self.around.recorder
        try:
            if self.kind is SECRET_STORES:  # A cluster's store has no namespace to sign in from.
                await self.vaults.access(store | {"kind": kind.kind}, key.namespace)
        except ProviderError as error:
            tell.warning(SOURCE, kind, store, "InvalidProviderConfig", str(error))
            failed = condition("Ready", False, "InvalidProviderConfig", UNABLE)
            await self.around.set_status(kind, store, {"conditions": [failed]})
            return self.postpone(key)
        self.relax(key)
        valid = condition("Ready", True, "Valid", VALIDATED)
        status = {"capabilities": "ReadWrite", "conditions": [valid]}
        await self.around.set_status(kind, store, status)
        tell.normal(SOURCE, kind, store, "Valid", VALIDATED)
        seconds = float(store["spec"].get("refreshInterval") or INTERVAL)
        return self.latency.scaled(seconds) or None


class ClusterSecretStores(SecretStores):
    kind = CLUSTER_SECRET_STORES
