"""Microsoft.KubernetesConfiguration: extensions of a cluster, and what Flux brings to it."""

from sandbox.cloud.kubernetes_configuration.routes import routes

__all__ = ["routes"]
