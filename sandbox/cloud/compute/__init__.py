"""Microsoft.Compute: sets of disks that are encrypted with a key of one's own."""

from sandbox.cloud.compute.routes import routes

__all__ = ["routes"]
