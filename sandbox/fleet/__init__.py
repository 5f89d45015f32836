"""The Kubernetes clusters behind managed clusters: their life, networks and issuers."""

from sandbox.fleet.fleet import Fleet
from sandbox.fleet.issuers import ISSUERS

__all__ = ["ISSUERS", "Fleet"]
