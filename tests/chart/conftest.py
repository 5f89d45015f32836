"""Charts rendered as Helm renders them; `scripts/charts.py` does it for `make check` as well."""

from collections.abc import Iterator

import pytest

from scripts import charts as ours
from scripts.charts import (
    ENVIRONMENTS,
    NAMES,
    OUTPUTS,
    PROJECT,
    Charts,
    RefusedError,
    Rendering,
    merged,
)

__all__ = [
    "ENVIRONMENTS",
    "NAMES",
    "OUTPUTS",
    "PROJECT",
    "Charts",
    "RefusedError",
    "Rendering",
    "merged",
]


@pytest.fixture(scope="session")
def charts() -> Iterator[Charts]:
    with ours.helm() as found:
        yield found
