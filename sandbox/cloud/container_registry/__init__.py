"""Microsoft.ContainerRegistry, its data plane, and the public registry that charts come from."""

from sandbox.cloud.container_registry.data import Registries, create, resolves
from sandbox.cloud.container_registry.public import create_public
from sandbox.cloud.container_registry.routes import routes

HOST = "*.azurecr.io"
PUBLIC_HOST = "ghcr.io"

__all__ = ["HOST", "PUBLIC_HOST", "Registries", "create", "create_public", "resolves", "routes"]
