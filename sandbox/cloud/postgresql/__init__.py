"""Microsoft.DBforPostgreSQL: flexible servers, without the database engine."""

from sandbox.cloud.postgresql.routes import routes

__all__ = ["routes"]
