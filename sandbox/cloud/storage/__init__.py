"""Microsoft.Storage: accounts, their keys and containers; blobs themselves are not simulated."""

from sandbox.cloud.storage.routes import routes

__all__ = ["routes"]
