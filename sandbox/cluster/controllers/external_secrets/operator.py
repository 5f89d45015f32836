"""The operator as a whole: three programs in one place."""

from sandbox.cluster.controllers.controller import Controller, Surroundings
from sandbox.cluster.controllers.external_secrets.certificates import Certificates
from sandbox.cluster.controllers.external_secrets.secrets import ExternalSecrets
from sandbox.cluster.controllers.external_secrets.stores import ClusterSecretStores, SecretStores
from sandbox.cluster.controllers.external_secrets.vault import Vaults


class Operator:
    """The workers of the External Secrets Operator; they act only while its pods are ready."""

    def __init__(self, around: Surroundings) -> None:
        self.vaults = Vaults(around.settings, around.client)
        self.workers: tuple[Controller, ...] = (
            Certificates(around),
            SecretStores(around, self.vaults),
            ClusterSecretStores(around, self.vaults),
            ExternalSecrets(around, self.vaults),
        )

    async def close(self) -> None:
        await self.vaults.close()
