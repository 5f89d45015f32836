"""Microsoft.DataProtection: vaults for backups, policies, and what they protect."""

from sandbox.cloud.data_protection.routes import routes

__all__ = ["routes"]
