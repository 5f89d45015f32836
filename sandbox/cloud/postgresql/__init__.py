"""Microsoft.DBforPostgreSQL: flexible servers. The engine behind them is started elsewhere."""

from sandbox.cloud.postgresql import configurations, firewall, power
from sandbox.cloud.postgresql.models import DATABASES, LINKS, PASSWORD, SERVERS, SUFFIX
from sandbox.cloud.postgresql.routes import routes

__all__ = [
    "DATABASES",
    "LINKS",
    "PASSWORD",
    "SERVERS",
    "SUFFIX",
    "configurations",
    "firewall",
    "power",
    "routes",
]
