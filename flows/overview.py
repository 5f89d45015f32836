"""All environments on one page, from what Prefect remembers of their runs."""

from datetime import UTC, datetime

from tasks import environment as environments
from tasks.report import overview as pages
from tasks.stage import stage


@stage
def overview() -> str:
    """Show each environment's last deploy, drift, secrets and version; ask nobody but Prefect."""
    return pages.publish(pages.gather(environments.known()), datetime.now(UTC))
