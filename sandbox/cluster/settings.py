"""What a cluster knows about itself and its surroundings."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.latency import Latency


@dataclass(frozen=True)
class Settings:
    """Everything a cluster needs to know; the cloud appears as addresses and two questions."""

    name: str  # Of the managed cluster, such as `supabase-sandbox-aks`.
    fqdn: str  # Of the private API server.
    issuer: str  # Of service account tokens: the cluster's OIDC address.
    socket: Path  # Unix socket of the API; 107 bytes at most.
    state: Path  # Folder for logs and scratch.
    latency: Latency
    proxy: str  # The way from a pod to the world: http://<network>:<token>@127.0.0.1:<port>.
    ca: Path  # The certificate authority that pods and controllers trust.
    # May this Entra object id do this verb to this resource (`pods`, `apps/deployments`)?
    authorize: Callable[[str, str, str], bool]
    # The object id of the Entra caller that a token from outside proves, or nothing.
    identify: Callable[[str], str] = lambda _token: ""

    def log(self, namespace: str, pod: str, uid: str, container: str) -> Path:
        """Where the kubelet writes, and the API reads, what a container printed."""
        return self.state / "pods" / f"{namespace}_{pod}_{uid}" / f"{container}.log"
