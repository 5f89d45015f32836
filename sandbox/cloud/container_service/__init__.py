"""Microsoft.ContainerService: managed clusters, their node pools, and commands run inside them."""

from sandbox.cloud.container_service.execution import ClusterAccess, Execution
from sandbox.cloud.container_service.models import CLUSTERS, oidc_issuer
from sandbox.cloud.container_service.pod import is_of_a_command
from sandbox.cloud.container_service.routes import routes
from sandbox.cloud.container_service.run_command import SERVER_APPLICATION, Commands

__all__ = [
    "CLUSTERS",
    "SERVER_APPLICATION",
    "ClusterAccess",
    "Commands",
    "Execution",
    "is_of_a_command",
    "oidc_issuer",
    "routes",
]
