"""What must be true before anything is touched: seconds of questions save minutes of regret."""

from tasks.preflight.complaints import Complaint, verdict
from tasks.preflight.database import database
from tasks.preflight.kubernetes import versions
from tasks.preflight.machine import CHARTS, files, sign_in, tools
from tasks.preflight.names import names
from tasks.preflight.nodes import nodes
from tasks.preflight.region import region
from tasks.preflight.registrations import needed, register, unregistered
from tasks.preflight.subscription import subscription
from tasks.preflight.vaults import deleted, purge, unchangeable

__all__ = [
    "CHARTS",
    "Complaint",
    "database",
    "deleted",
    "files",
    "names",
    "needed",
    "nodes",
    "purge",
    "region",
    "register",
    "sign_in",
    "subscription",
    "tools",
    "unchangeable",
    "unregistered",
    "verdict",
    "versions",
]
