"""Microsoft.Authorization: roles, who has them where, and how slowly Azure hears of it."""

from sandbox.cloud.authorization.assignments import grant_owner
from sandbox.cloud.authorization.engine import Engine, Grant
from sandbox.cloud.authorization.routes import routes

__all__ = ["Engine", "Grant", "grant_owner", "routes"]
