"""Microsoft.ContainerService: managed clusters, their node pools, and commands run inside them."""

from sandbox.cloud.container_service.models import CLUSTERS, oidc_issuer
from sandbox.cloud.container_service.routes import routes
from sandbox.cloud.container_service.run_command import SERVER_APPLICATION, ClusterAccess, Commands

__all__ = ["CLUSTERS", "SERVER_APPLICATION", "ClusterAccess", "Commands", "oidc_issuer", "routes"]
