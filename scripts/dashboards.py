"""Make Grafana's dashboards of their short description; `--check` says whether they are stale."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

MODULE = Path(__file__).parents[1] / "terraform" / "modules" / "observability"
SOURCE = MODULE / "dashboards.yaml"
FOLDER = MODULE / "dashboards"
COLUMNS = 24
HEIGHT = 8
SCHEMA = 39  # Grafana 11's; later ones bring it up to date when they show it.
VARIABLES = ("namespace", "subscription", "group", "database", "account", "vault", "workspace")
SPACES = {
    "database": "Microsoft.DBforPostgreSQL/flexibleServers",
    "account": "Microsoft.Storage/storageAccounts",
    "vault": "Microsoft.KeyVault/vaults",
}
PROMETHEUS = {"type": "prometheus", "uid": "${metrics}"}
AZURE = {"type": "grafana-azure-monitor-datasource", "uid": "${azure}"}
KINDS = {"stat": "stat", "logs": "table"}

Json = dict[str, Any]


def dashboard(short: Json) -> Json:
    """What Grafana's API takes for one entry of the description."""
    return {
        "uid": short["uid"],
        "title": short["title"],
        "tags": ["supabase"],
        "timezone": "browser",
        "schemaVersion": SCHEMA,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [*sources(), *(constant(name) for name in VARIABLES)]},
        "panels": list(panels(short["rows"])),
    }


def sources() -> Iterator[Json]:
    """Where data come from: Managed Grafana brings both sources along, under names of its own."""
    yield source("metrics", "prometheus", "/Managed_Prometheus.*/")
    yield source("azure", "grafana-azure-monitor-datasource", "")


def source(name: str, kind: str, regex: str) -> Json:
    return {"name": name, "type": "datasource", "query": kind, "regex": regex, "hide": 0}


def constant(name: str) -> Json:
    """Filled when the dashboard is published."""
    return {"name": name, "type": "constant", "query": "", "hide": 2, "skipUrlSync": True}


def panels(rows: list[Json]) -> Iterator[Json]:
    """Rows below each other; panels side by side as long as they fit."""
    number, top = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": top, "w": COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": row["title"], "gridPos": place, "panels": []}
        left, top = 0, top + 1
        for short in row["panels"]:
            number += 1
            width = short.get("width", 8)
            if left + width > COLUMNS:
                left, top = 0, top + HEIGHT
            place = {"x": left, "y": top, "w": width, "h": HEIGHT}
            yield panel(short, number) | {"gridPos": place}
            left += width
        top += HEIGHT


def panel(short: Json, number: int) -> Json:
    asked = list(targets(short))
    return {
        "id": number,
        "type": KINDS.get(short.get("kind", ""), "timeseries"),
        "title": short["title"],
        "datasource": asked[0]["datasource"],
        "fieldConfig": {"defaults": {"unit": short.get("unit", "none")}, "overrides": []},
        "targets": [{"refId": chr(ord("A") + place), **one} for place, one in enumerate(asked)],
    }


def targets(short: Json) -> Iterator[Json]:
    """What a panel asks, and whom."""
    for legend, query in short.get("prometheus", {}).items():
        yield {"datasource": PROMETHEUS, "expr": query, "legendFormat": str(legend)}
    if "azure" in short:
        name = short["azure"]["resource"]
        for metric, aggregation in short["azure"]["metrics"].items():
            yield azure_metric(name, metric, aggregation)
    if "logs" in short:
        yield {
            "datasource": AZURE,
            "queryType": "Azure Log Analytics",
            "azureLogAnalytics": {
                "query": short["logs"],
                "resources": ["$workspace"],
                "resultFormat": "table",
                "dashboardTime": True,
                "timeColumn": "TimeGenerated",
            },
        }


def azure_metric(name: str, metric: str, aggregation: str) -> Json:
    return {
        "datasource": AZURE,
        "queryType": "Azure Monitor",
        "subscription": "$subscription",
        "azureMonitor": {
            "metricNamespace": SPACES[name].lower(),
            "metricName": metric,
            "aggregation": aggregation,
            "timeGrain": "auto",
            "dimensionFilters": [],
            "resources": [
                {
                    "subscription": "$subscription",
                    "resourceGroup": "$group",
                    "metricNamespace": SPACES[name].lower(),
                    "resourceName": f"${name}",
                }
            ],
        },
    }


def made() -> dict[Path, str]:
    """Every file that follows from the description."""
    described = yaml.safe_load(SOURCE.read_text())
    return {
        FOLDER / f"{short['uid']}.json": json.dumps(dashboard(short), indent=1) + "\n"
        for short in described
    }


def stale() -> list[Path]:
    """Files that are missing, differ, or follow from nothing."""
    wanted = made()
    there = set(FOLDER.glob("*.json"))
    differ = [path for path, text in wanted.items() if path in there and path.read_text() != text]
    return sorted({*differ, *(wanted.keys() ^ there)})


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.json"):
        path.unlink()
    for path, text in made().items():
        path.write_text(text)


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        write()
    elif old := stale():
        sys.exit(f"Stale: {', '.join(path.name for path in old)}. Run: python {sys.argv[0]}")
