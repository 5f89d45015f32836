"""Microsoft.Resources: tenant, subscription, groups, operations, and how to find this cloud."""

from sandbox.cloud.resources.routes import metadata, routes

__all__ = ["metadata", "routes"]
