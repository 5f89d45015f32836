"""Does Helm take our charts: closed schema, strict lint, and rendering for each environment?"""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts import chart_values
from scripts.charts import (
    ENVIRONMENTS,
    NAMES,
    Charts,
    RefusedError,
    chosen,
    helm,
    open_maps,
)

PUBLIC = ("alb-controller", "external-secrets")  # Charts of others that get values from us.
UNKNOWN = "aKeyThatNobodyKnows"


def unclosed(charts: Charts, chart: str) -> str:
    """Where a misspelled key would pass without a word."""
    places = open_maps(chart)
    if places:
        listed = "\n".join(f"  {place}" for place in places)
        return f"values.schema.json lets any key pass here:\n{listed}"
    try:
        charts.render(chart, {UNKNOWN: True})
    except RefusedError as error:
        return "" if UNKNOWN in str(error) else f"The defaults do not render:\n{error}"
    return f"Helm renders a value {UNKNOWN}: does it see values.schema.json?"


def refused(charts: Charts, chart: str, environment: str) -> str:
    """What Helm says against the chart as this environment installs it."""
    try:
        findings = charts.lint(chart, environment)
        rendering = charts.render(chart, charts.values(chart, environment))
    except (RefusedError, yaml.YAMLError) as error:
        return str(error).strip()
    if findings:
        return "\n".join(f"{finding['path']}: {finding['error']}" for finding in findings)
    return "" if rendering.objects else "It renders no object."


def astray(environment: str) -> str:
    """Values that no chart would ever see."""
    try:
        keys = sorted(set(chosen(environment)) - {*NAMES, *PUBLIC})
    except yaml.YAMLError as error:
        return str(error)
    return f"No chart is named so: {', '.join(keys)}." if keys else ""


def behind(chart: str) -> str:
    """What says something else than the comments of values.yaml."""
    try:
        names = chart_values.stale(chart)
    except SystemExit as error:
        return str(error)
    again = "run `python scripts/chart_values.py`"
    return f"{' and '.join(names)}: stale, {again}." if names else ""


def findings(charts: Charts) -> Iterator[tuple[str, str]]:
    """Each check and what speaks against it; nothing is praise."""
    for environment in ENVIRONMENTS:
        yield f"values/{environment}.yaml", astray(environment)
    for chart in chart_values.NAMES:
        yield f"{chart}, schema and README", behind(chart)
    for chart in NAMES:
        yield f"{chart}, closed schema", unclosed(charts, chart)
        for environment in ENVIRONMENTS:
            yield f"{chart}, {environment}", refused(charts, chart, environment)


def main() -> int:
    bad = 0
    with helm() as charts:
        for name, text in findings(charts):
            bad += bool(text)
            sys.stdout.write(f"  {'failed' if text else 'ok    '}  {name}\n")
            sys.stdout.write(f"\n{text}\n\n" if text else "")
            sys.stdout.flush()
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
