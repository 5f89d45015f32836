"""What brings the cluster to life: controllers, kubelets and an operator that speak only HTTP."""

from sandbox.cluster.controllers.manager import Controllers
from sandbox.cluster.controllers.simulated.world import World

__all__ = ["Controllers", "World"]
