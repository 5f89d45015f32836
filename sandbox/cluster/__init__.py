"""A Kubernetes cluster on one machine: an API in memory, and controllers that speak HTTP to it."""

from sandbox.cluster.cluster import Cluster
from sandbox.cluster.login import Login
from sandbox.cluster.settings import Pool, Settings

__all__ = ["Cluster", "Login", "Pool", "Settings"]
