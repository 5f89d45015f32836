"""Azure Monitor: alerts, data collection, workspaces for logs and metrics."""

from sandbox.cloud.monitoring.routes import routes

__all__ = ["routes"]
