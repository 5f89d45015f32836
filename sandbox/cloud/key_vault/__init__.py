"""Microsoft.KeyVault: vaults in ARM, and the secrets and keys in them."""

from sandbox.cloud.key_vault.application import create
from sandbox.cloud.key_vault.data import resolves
from sandbox.cloud.key_vault.routes import routes

HOST = "*.vault.azure.net"

__all__ = ["HOST", "create", "resolves", "routes"]
