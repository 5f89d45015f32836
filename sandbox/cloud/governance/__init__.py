"""Policies and budgets: what an organization lays over its resources."""

from sandbox.cloud.governance.policies import assigned
from sandbox.cloud.governance.routes import routes

__all__ = ["assigned", "routes"]
