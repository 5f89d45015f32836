"""What brings the cluster to life: controllers, kubelets and an operator that speak only HTTP."""

from sandbox.cluster.controllers.manager import Controllers

__all__ = ["Controllers"]
