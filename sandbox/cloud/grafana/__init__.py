"""Microsoft.Dashboard: managed Grafana in ARM, and Grafana's own API for folders and dashboards."""

from sandbox.cloud.grafana.data import HOST, create, resolves
from sandbox.cloud.grafana.routes import routes

__all__ = ["HOST", "create", "resolves", "routes"]
