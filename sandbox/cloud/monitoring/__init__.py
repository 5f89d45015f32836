"""Azure Monitor: alerts, data collection, workspaces for logs and metrics, and Grafana."""

from sandbox.cloud.monitoring.routes import routes

__all__ = ["routes"]
