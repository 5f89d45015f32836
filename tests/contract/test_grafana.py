"""Managed Grafana's own API, through our module: dashboards appear, stay, and come back."""

from typing import Any

import pytest
from azure.core.rest import HttpRequest

from tasks import azure, grafana
from tasks.errors import NotReadyError, RefusedError
from tests.contract.conftest import Cloud

FACTS = dict.fromkeys(
    ("namespace", "subscription", "group", "database", "account", "vault", "workspace"), "lab"
)
UID, TITLE = "supabase-database", "Supabase database"


class Person:
    """Somebody who works in the same Grafana, by the same API."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def ask(self, verb: str, path: str, body: Any = None) -> Any:
        request = HttpRequest(verb, f"{self.endpoint}{path}", json=body)
        return azure.send(request, grafana.SCOPE).json()

    def found(self) -> dict[str, Any]:
        return dict(self.ask("GET", f"/api/dashboards/uid/{UID}"))

    def save(self, folder: str, **changes: Any) -> None:
        board = self.found()["dashboard"] | changes
        wanted = {"dashboard": board, "folderUid": folder, "overwrite": True}
        self.ask("POST", "/api/dashboards/db", wanted)


@pytest.fixture
def person(cloud: Cloud) -> Person:
    """Our dashboards are published; here is somebody who looks at them."""
    cloud.eventually(lambda: grafana.publish.fn(cloud.grafana.endpoint, FACTS), NotReadyError)
    return Person(cloud.grafana.endpoint)


def test_dashboards_are_published_once_the_role_has_spread(slow_cloud: Cloud) -> None:
    made = slow_cloud.make_grafana()
    with pytest.raises(NotReadyError, match="does not know our role yet"):
        grafana.publish.fn(made.endpoint, FACTS)
    slow_cloud.grant("Grafana Admin", made.id)

    published = slow_cloud.eventually(
        lambda: grafana.publish.fn(made.endpoint, FACTS), NotReadyError
    )

    assert len(published) == len(list(grafana.DASHBOARDS.glob("*.json")))


def test_a_second_time_nothing_is_published(person: Person) -> None:
    before = person.found()["meta"]["version"]

    assert grafana.publish.fn(person.endpoint, FACTS) == ()
    assert person.found()["meta"]["version"] == before


def test_they_lie_in_a_folder_of_their_own_with_the_names_of_the_environment(
    person: Person,
) -> None:
    found = person.found()

    variables = {one["name"]: one.get("query") for one in found["dashboard"]["templating"]["list"]}
    assert found["meta"]["folderUid"] == "supabase"
    assert variables["namespace"] == "lab"


def test_what_a_person_changed_comes_back(person: Person) -> None:
    person.save("supabase", title="Mine")

    assert grafana.publish.fn(person.endpoint, FACTS) == (TITLE,)
    assert person.found()["dashboard"]["title"] == TITLE


def test_a_dashboard_that_somebody_moved_comes_back(person: Person) -> None:
    person.save("")

    assert grafana.publish.fn(person.endpoint, FACTS) == (TITLE,)
    assert person.found()["meta"]["folderUid"] == "supabase"


def test_a_refusal_is_told_in_grafanas_words(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    (board, *_) = grafana.boards(FACTS)
    monkeypatch.setattr(grafana, "boards", lambda _facts: [board | {"title": "", "uid": "x"}])

    with pytest.raises(RefusedError, match=r"Dashboard title cannot be empty \(400\)"):
        grafana.publish.fn(person.endpoint, FACTS)
