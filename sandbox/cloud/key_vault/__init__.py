"""Microsoft.KeyVault: vaults in ARM, and the secrets in them."""

from sandbox.cloud.key_vault.data import create, resolves
from sandbox.cloud.key_vault.routes import routes

HOST = "*.vault.azure.net"

__all__ = ["HOST", "create", "resolves", "routes"]
