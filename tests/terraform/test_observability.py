"""Alerts lead to the runbook, and nobody asks for a metric that nobody tells."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from scripts import dashboards
from tasks.environment import PROJECT
from tests.terraform.conftest import SOURCE

MODULE = SOURCE / "modules" / "observability"
RUNBOOK = PROJECT / "docs" / "runbook.md"
DASHBOARDS = sorted((MODULE / "dashboards").glob("*.json"))
WINDOWS = ("5m", "30m", "1h", "6h")

# Every part of PromQL that is no name of a metric.
STRINGS = re.compile(r'"[^"]*"')
MATCHERS = re.compile(r"\{[^{}]*\}")
RANGES = re.compile(r"\[[^\[\]]+\]")
LABELS = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
FUNCTIONS = re.compile(r"\b[a-z_0-9]+\s*(?=\()")
OPERATORS = re.compile(r"\b(and|or|unless|bool|offset|by|without)\b")
NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
KNOWN_FUNCTIONS = {
    "absent", "avg", "avg_over_time", "histogram_quantile", "increase", "max", "max_over_time",
    "rate", "sum", "vector",
}  # fmt: skip


def rules() -> dict[str, Any]:
    """alerts.yaml with numbers in the places that Terraform fills."""
    text = (MODULE / "alerts.yaml").read_text()
    before, rest = text.split("%{ for window in windows ~}\n")
    repeated, after = rest.split("%{ endfor ~}\n")
    text = before + "".join(repeated.replace("${window}", one) for one in WINDOWS) + after
    found: dict[str, Any] = yaml.safe_load(re.sub(r"\$\{[^}]*\}", "1", text))
    return found


def metrics_of(expression: str) -> set[str]:
    """Names of the series that an expression asks for."""
    text = MATCHERS.sub("", STRINGS.sub('""', expression))
    for part in (RANGES, LABELS, FUNCTIONS, OPERATORS):
        text = part.sub(" ", text)
    return {name for name in NAME.findall(text) if not name.isdigit()}


def panels() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.stem}: {panel['title']}", target


def expressions() -> dict[str, str]:
    """Every question to Prometheus, by who asks."""
    found = rules()
    return {
        **found["recordings"],
        **{name: rule["expression"] for name, rule in found["prometheus"].items()},
        **{f"{where} {one['refId']}": one["expr"] for where, one in panels() if "expr" in one},
    }


def alerts() -> set[str]:
    found = rules()
    return {name for kind in ("prometheus", "metrics", "queries") for name in found[kind]}


def test_every_alert_has_an_entry_in_the_runbook_and_every_entry_an_alert() -> None:
    section = RUNBOOK.read_text().split("\n## Alerts\n")[1].split("\n## ")[0]

    assert set(re.findall(r"^### (\w+)$", section, re.MULTILINE)) == alerts()


def test_links_inside_the_runbook_lead_to_a_heading() -> None:
    text = RUNBOOK.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}

    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= anchors


def test_every_alert_says_in_a_sentence_what_happens() -> None:
    found = rules()
    told = {
        name: rule["summary"]
        for kind in ("prometheus", "metrics", "queries")
        for name, rule in found[kind].items()
    }

    assert [name for name, text in told.items() if not re.match(r"\S.{10,}\.$", text)] == []


@pytest.mark.parametrize(("who", "expression"), expressions().items(), ids=list(expressions()))
def test_a_question_to_prometheus_is_well_formed(who: str, expression: str) -> None:
    bare = STRINGS.sub('""', expression)
    labels = LABELS.sub(" ", MATCHERS.sub("", bare))
    used = {one.strip() for one in FUNCTIONS.findall(labels)} - {"and", "or", "on"}

    assert expression.count('"') % 2 == 0, who
    for opening, closing in ("()", "[]", "{}"):
        assert bare.count(opening) == bare.count(closing), who
    assert used <= KNOWN_FUNCTIONS, who


def test_every_series_is_told_by_somebody_or_computed_by_us() -> None:
    known = yaml.safe_load((MODULE / "metrics.yaml").read_text())["prometheus"]
    told = {name for source in known.values() for name in source["names"]}
    asked = {name for one in expressions().values() for name in metrics_of(one)}

    assert asked - told == set(rules()["recordings"])
    assert told <= asked, "metrics.yaml lists what nobody asks for."


def test_every_metric_of_azure_is_one_of_its_resource() -> None:
    known = yaml.safe_load((MODULE / "metrics.yaml").read_text())["azure"]
    spaces = {"database": 0, "storage": 1, "vault": 2}
    kinds = list(known)
    asked = {(kinds[spaces[r["resource"]]], r["metric"]) for r in rules()["metrics"].values()}
    lowered = {kind.lower(): kind for kind in kinds}
    for _, target in panels():
        if "azureMonitor" in target:
            wanted = target["azureMonitor"]
            asked.add((lowered[wanted["metricNamespace"]], wanted["metricName"]))

    assert asked == {(kind, name) for kind, names in known.items() for name in names}


def test_the_dashboards_follow_from_their_description() -> None:
    assert dashboards.stale() == [], "Run: python scripts/dashboards.py"


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_can_be_published_anywhere(path: Any) -> None:
    text = path.read_text()
    board = json.loads(text)
    declared = {one["name"] for one in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(?!__)([a-z]+)", text))

    assert board["uid"] == path.stem
    assert len(board["uid"]) <= 40
    assert "id" not in board
    assert used <= declared
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_panels_lie_side_by_side() -> None:
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            place = panel["gridPos"]
            cells = {
                (place["x"] + column, place["y"] + row)
                for column in range(place["w"])
                for row in range(place["h"])
            }
            assert not cells & taken, f"{path.stem}: {panel['title']}"
            assert place["x"] + place["w"] <= dashboards.COLUMNS
            taken |= cells
