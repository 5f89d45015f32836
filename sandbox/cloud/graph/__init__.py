"""Microsoft Graph, as far as tools look up who is behind an id: service principals, read only."""

from sandbox.cloud.graph.routes import HOST, create

__all__ = ["HOST", "create"]
