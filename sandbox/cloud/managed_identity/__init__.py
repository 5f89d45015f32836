"""Microsoft.ManagedIdentity: user-assigned identities, and who may speak for them."""

from sandbox.cloud.managed_identity.endpoints import (
    METADATA,
    Held,
    LocalEndpoint,
    Machine,
    MetadataService,
    RefusedError,
)
from sandbox.cloud.managed_identity.models import IDENTITIES
from sandbox.cloud.managed_identity.routes import routes

__all__ = [
    "IDENTITIES",
    "METADATA",
    "Held",
    "LocalEndpoint",
    "Machine",
    "MetadataService",
    "RefusedError",
    "routes",
]
