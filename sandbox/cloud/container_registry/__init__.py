"""Microsoft.ContainerRegistry, its data plane, and the public registries that charts come from."""

from sandbox.cloud.container_registry.data import Registries, create, resolves
from sandbox.cloud.container_registry.public import PUBLISHED, create_public
from sandbox.cloud.container_registry.routes import routes

HOST = "*.azurecr.io"
PUBLIC_HOSTS = tuple(PUBLISHED)

__all__ = ["HOST", "PUBLIC_HOSTS", "Registries", "create", "create_public", "resolves", "routes"]
