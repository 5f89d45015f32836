"""Publish the dashboards that lie beside the Terraform code, through Managed Grafana's own API."""

import json
from collections.abc import Mapping
from typing import Any

from azure.core.rest import HttpRequest, HttpResponse

from tasks import azure, wait
from tasks.environment import PROJECT
from tasks.errors import NotReadyError, RefusedError
from tasks.step import step

DASHBOARDS = PROJECT / "terraform" / "modules" / "observability" / "dashboards"
SCOPE = "https://dashboard.azure.com/.default"
FOLDER = {"uid": "supabase", "title": "Supabase"}
NO_ROLE = {401, 403}
NOT_FOUND, REFUSED = 404, 400
BY_GRAFANA = {"id", "version", "schemaVersion"}  # It counts these, and brings old schemas up.

Board = dict[str, Any]


def boards(facts: Mapping[str, str]) -> list[Board]:
    """Every dashboard, its constants filled with what this environment is called in Azure."""
    files = sorted(DASHBOARDS.glob("*.json"))
    return [filled(json.loads(path.read_text()), facts) for path in files]


def filled(board: Board, facts: Mapping[str, str]) -> Board:
    """The dashboard with values for its constants; one that nobody knows is a bug of ours."""
    variables = [
        one | {"query": facts[one["name"]]} if one["type"] == "constant" else one
        for one in board["templating"]["list"]
    ]
    return board | {"templating": board["templating"] | {"list": variables}}


def same(ours: Any, theirs: Any) -> bool:
    """Is everything that we say in theirs, too; Grafana may have added defaults of its own."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(
            same(value, theirs.get(key)) for key, value in ours.items() if key not in BY_GRAFANA
        )
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(ours) == len(theirs)
            and all(same(one, other) for one, other in zip(ours, theirs, strict=True))
        )
    return bool(ours == theirs)


@step("publish-dashboards")
def publish(endpoint: str, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Bring Grafana's folder to what the files say; return the titles of those that differed."""
    log = wait.logger()
    if not endpoint:
        log.info("This environment has no Grafana: no dashboards to publish.")
        return ()
    api = _Api(endpoint)
    api.folder()
    changed = differing(api, facts)
    for board in changed:
        api.save(board)
        log.info("Dashboard %s: published.", board["title"])
    titles = tuple(str(board["title"]) for board in changed)
    if titles:
        wait.changed(f"**Grafana**: {', '.join(titles)} published at {endpoint}")
    else:
        log.info("The dashboards in %s are as they should be.", endpoint)
    return titles


@step("compare-dashboards")
def outdated(endpoint: str, facts: Mapping[str, str]) -> tuple[str, ...]:
    """Titles of the dashboards that `publish` would bring up to date; changes nothing."""
    found = differing(_Api(endpoint), facts) if endpoint else []
    return tuple(str(board["title"]) for board in found)


def differing(api: "_Api", facts: Mapping[str, str]) -> list[Board]:
    return [board for board in boards(facts) if not same(board, api.board(board["uid"]))]


class _Api:
    """The few calls that publishing needs."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint.rstrip("/")

    def folder(self) -> None:
        """Make the folder, if it is missing."""
        if self.call("GET", f"/api/folders/{FOLDER['uid']}") is None:
            self.call("POST", "/api/folders", FOLDER)

    def board(self, uid: str) -> Board | None:
        """What is there now; nothing when it lies elsewhere, so that it moves to our folder."""
        found = self.call("GET", f"/api/dashboards/uid/{uid}")
        if found is None or found["meta"].get("folderUid") != FOLDER["uid"]:
            return None
        return dict(found["dashboard"])

    def save(self, board: Board) -> None:
        wanted = {"dashboard": board, "folderUid": FOLDER["uid"], "overwrite": True}
        self.call("POST", "/api/dashboards/db", wanted | {"message": "Published by configure."})

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's document; None where nothing is."""
        name = self.endpoint.removeprefix("https://").partition(".")[0]
        request = HttpRequest(method, f"{self.endpoint}{path}", json=body)
        accepted = {NOT_FOUND, *NO_ROLE, *range(REFUSED, 500)} - azure.PASSING
        with azure.translated(f"Grafana {name}"):
            answer = azure.send(request, SCOPE, accepted)
        if answer.status_code in NO_ROLE:
            raise NotReadyError(
                f"Grafana {name} does not know our role yet ({answer.status_code}).",
                "A new assignment of Grafana Admin takes minutes. Longer than half an hour: "
                "docs/runbook.md, 'Access'.",
            )
        if answer.status_code == NOT_FOUND and method == "GET":
            return None
        if answer.status_code >= REFUSED:
            raise RefusedError(
                f"Grafana {name} refused {method} {path}: {said(answer)} ({answer.status_code}).",
                "Correct terraform/modules/observability/dashboards.yaml.",
            )
        return answer.json()


def said(answer: HttpResponse) -> str:
    """Grafana's reason, in its own words."""
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return "no reason given"
