"""The Kubernetes API in memory, as an ASGI application for kubectl, Helm and controllers."""

from sandbox.cluster.api.server import Api

__all__ = ["Api"]
