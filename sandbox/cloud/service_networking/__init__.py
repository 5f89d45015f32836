"""Microsoft.ServiceNetworking: Application Gateway for Containers."""

from sandbox.cloud.service_networking.routes import routes

__all__ = ["routes"]
