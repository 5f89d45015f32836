"""Microsoft.Network: what a private cluster and its neighbours need to reach each other."""

from sandbox.cloud.network.routes import routes

__all__ = ["routes"]
