"""What a cluster knows about itself and its surroundings."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.cluster.login import Login
from sandbox.latency import Latency


@dataclass(frozen=True)
class Pool:
    """A pool of equal nodes, as the cloud knows it."""

    name: str = "system"
    size: str = "Standard_D4s_v5"
    count: int = 2
    least: int = 0  # The bounds of the autoscaler; without an upper one the pool stays as it is.
    most: int = 0
    mode: str = "System"
    pods: int = 250  # On one node.
    zones: tuple[str, ...] = ("westeurope-1", "westeurope-2")
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[str, ...] = ()  # As `key=value:effect`.


def one_pool() -> Sequence[Pool]:
    """Two nodes of one system pool, as the smallest sensible cluster has."""
    return (Pool(),)


async def let_in(_login: Login) -> str:
    """No server is asked."""
    return ""


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
    pools: Callable[[], Sequence[Pool]] = one_pool
    # Does application routing bring gateways of its own?
    gateways: Callable[[], bool] = lambda: False
    # Why clients of PostgreSQL would find no server here, or nothing.
    without_database: Callable[[], str] = lambda: ""
    # With which words a PostgreSQL server refuses a login, or nothing.
    sign_in: Callable[[Login], Coroutine[Any, Any, str]] = let_in

    @property
    def scratch(self) -> Path:
        """Where programs of pods have their files, secrets among them, while they run."""
        return self.state / "scratch"

    def log(self, namespace: str, pod: str, uid: str, container: str) -> Path:
        """Where the kubelet writes, and the API reads, what a container printed."""
        return self.state / "pods" / f"{namespace}_{pod}_{uid}" / f"{container}.log"
