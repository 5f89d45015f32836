import copy
import json
from typing import Any

import httpx
import pytest

from tasks import azure, grafana
from tasks.errors import NotReadyError, RefusedError

ENDPOINT = "https://lab-g-0.weu.grafana.azure.com"
FACTS = dict.fromkeys(
    ("namespace", "subscription", "group", "database", "account", "vault", "workspace"), "lab"
)


class Answer:
    """An HTTP answer as azure-core shows it."""

    def __init__(self, status_code: int, document: Any) -> None:
        self.status_code = status_code
        self.document = document

    def json(self) -> Any:
        return self.document


class Service:
    """A Grafana behind the one function through which requests leave."""

    def __init__(self, refusing: int = 0) -> None:
        self.refusing = refusing
        self.folders: dict[str, Any] = {}
        self.boards: dict[str, Any] = {}
        self.calls: list[str] = []

    def send(self, request: Any, scope: str, _accept: object) -> Answer:
        assert scope == "https://dashboard.azure.com/.default"
        path = httpx.URL(request.url).path
        self.calls.append(f"{request.method} {path}")
        if self.refusing:
            return Answer(self.refusing, {"message": "No."})
        body = json.loads(request.content) if request.content else {}
        if path == "/api/folders":
            self.folders[body["uid"]] = body
            return Answer(200, body)
        if path == "/api/dashboards/db":
            self.boards[body["dashboard"]["uid"]] = {
                "meta": {"folderUid": body["folderUid"]},
                "dashboard": body["dashboard"] | {"id": 7, "version": 1, "schemaVersion": 99},
            }
            return Answer(200, {"status": "success"})
        kept = self.folders if "folders" in path else self.boards
        found = kept.get(path.rpartition("/")[2])
        return Answer(200, found) if found else Answer(404, {"message": "not found"})

    @property
    def writes(self) -> list[str]:
        return [call for call in self.calls if call.startswith("POST")]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    one = Service()
    monkeypatch.setattr(azure, "send", one.send)
    return one


def test_every_dashboard_is_published_once(service: Service) -> None:
    first = grafana.publish.fn(ENDPOINT, FACTS)
    service.calls.clear()
    second = grafana.publish.fn(ENDPOINT, FACTS)

    assert len(first) == len(list(grafana.DASHBOARDS.glob("*.json"))) == len(service.boards)
    assert second == ()
    assert service.writes == []


def test_what_a_person_changed_comes_back(service: Service) -> None:
    grafana.publish.fn(ENDPOINT, FACTS)
    service.boards["supabase-database"]["dashboard"]["panels"][1]["title"] = "Mine"
    service.calls.clear()

    assert grafana.publish.fn(ENDPOINT, FACTS) == ("Supabase database",)
    assert service.writes == ["POST /api/dashboards/db"]


def test_a_dashboard_that_somebody_moved_comes_back(service: Service) -> None:
    grafana.publish.fn(ENDPOINT, FACTS)
    service.boards["supabase-database"]["meta"]["folderUid"] = "elsewhere"

    assert grafana.publish.fn(ENDPOINT, FACTS) == ("Supabase database",)


def test_what_grafana_adds_is_no_difference() -> None:
    (board, *_) = grafana.boards(FACTS)
    theirs = copy.deepcopy(board) | {"id": 1, "version": 9, "annotations": {"list": []}}
    theirs["panels"][1]["pluginVersion"] = "12.3.1"

    assert grafana.same(board, theirs)
    assert not grafana.same(board, None)
    assert not grafana.same(board, theirs | {"panels": theirs["panels"][:-1]})


def test_constants_are_filled_with_the_names_of_this_environment() -> None:
    facts = {name: f"the-{name}" for name in FACTS}

    for board in grafana.boards(facts):
        constants = [one for one in board["templating"]["list"] if one["type"] == "constant"]
        assert {one["name"]: one["query"] for one in constants} == facts


def test_without_grafana_nothing_is_asked(service: Service) -> None:
    assert grafana.publish.fn("", FACTS) == ()
    assert service.calls == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_role_that_is_not_known_yet_is_worth_another_try(service: Service, status: int) -> None:
    service.refusing = status

    with pytest.raises(NotReadyError, match="does not know our role yet"):
        grafana.publish.fn(ENDPOINT, FACTS)


def test_a_refusal_is_told_in_grafanas_words(service: Service) -> None:
    service.refusing = 400

    with pytest.raises(RefusedError, match=r"refused GET /api/folders/supabase: No\. \(400\)"):
        grafana.publish.fn(ENDPOINT, FACTS)
