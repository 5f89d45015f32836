"""Microsoft.Communication: services that send mail."""

from sandbox.cloud.communication.routes import routes

__all__ = ["routes"]
