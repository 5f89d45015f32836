"""Prefect as the files say: work pools, deployments, notification channels, automations."""

from tasks.register.automations import bring as bring_automations
from tasks.register.channels import bring as bring_channels
from tasks.register.deployments import bring as bring_deployments
from tasks.register.pools import bring as bring_pools
from tasks.register.wanted import MARK, Change, Deployment, deployments, places

__all__ = [
    "MARK",
    "Change",
    "Deployment",
    "bring_automations",
    "bring_channels",
    "bring_deployments",
    "bring_pools",
    "deployments",
    "places",
]
