"""Microsoft.Compute: what machines there are, and disks encrypted with a key of one's own."""

from sandbox.cloud.compute.routes import routes

__all__ = ["routes"]
