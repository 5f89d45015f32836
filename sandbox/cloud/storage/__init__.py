"""Microsoft.Storage: accounts with their keys, and Blob Storage behind them."""

from sandbox.cloud.storage.blob import HOSTS, create, resolves
from sandbox.cloud.storage.routes import routes

__all__ = ["HOSTS", "create", "resolves", "routes"]
