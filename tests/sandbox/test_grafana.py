"""Managed Grafana, as those see it who publish dashboards."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Azure

AUDIENCE = "https://dashboard.azure.com"
APPLICATION = "ce34e7e5-485f-4d76-964f-b3d2b16d1e4f"
BOARD = {"uid": "one", "title": "One", "tags": ["lab"], "panels": []}


class Grafana:
    """A client of one instance, with the rights that a test gives it."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        body = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
        made = azure.arm("PUT", "Microsoft.Dashboard/grafana/lab-g", body)
        self.id = made.json()["id"]
        self.endpoint = made.json()["properties"].get("endpoint", "")

    def grant(self, role: str, scope: str = "") -> None:
        self.azure.grant(role, self.azure.identity.object, scope or self.id)

    def call(self, verb: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = options.pop("headers", None) or self.azure.bearer(AUDIENCE)
        return self.azure.http.request(verb, self.endpoint + path, json=body, headers=headers)

    def publish(self, board: Any, **more: Any) -> httpx.Response:
        return self.call("POST", "/api/dashboards/db", {"dashboard": board, **more})


@pytest.fixture
def grafana(azure: Azure) -> Grafana:
    azure.new_group()
    return Grafana(azure)


@pytest.fixture
def editor(grafana: Grafana) -> Grafana:
    grafana.grant("Grafana Editor")
    return grafana


def test_anybody_may_ask_whether_it_is_healthy(grafana: Grafana) -> None:
    answer = grafana.azure.http.get(f"{grafana.endpoint}/api/health")

    assert (answer.status_code, answer.json()["database"]) == (200, "ok")


def test_an_address_without_an_instance_does_not_exist(grafana: Grafana) -> None:
    with pytest.raises(Exception, match="does not exist"):
        grafana.azure.http.get("https://other-g-0.weu.grafana.azure.com/api/health")


@pytest.mark.parametrize("audience", [AUDIENCE, APPLICATION])
def test_a_token_for_grafana_is_taken_by_either_name(editor: Grafana, audience: str) -> None:
    answer = editor.call("GET", "/api/org", headers=editor.azure.bearer(audience))

    assert answer.status_code == 200


def test_a_token_for_another_service_is_refused(editor: Grafana) -> None:
    other = editor.call("GET", "/api/org", headers=editor.azure.bearer())
    none = editor.azure.http.get(f"{editor.endpoint}/api/org")

    assert (other.status_code, none.status_code) == (401, 401)
    assert other.json() == {"message": "Unauthorized"}


def test_an_owner_of_the_subscription_has_no_role_in_grafana(grafana: Grafana) -> None:
    assert grafana.call("GET", "/api/org").status_code == 403


def test_a_role_counts_once_it_has_spread(slow_azure: Azure) -> None:
    slow_azure.new_group()
    slow_azure.pass_time(100)
    grafana = Grafana(slow_azure)
    with pytest.raises(Exception, match="does not exist"):  # It is still being built.
        grafana.call("GET", "/api/org")
    slow_azure.pass_time(1000)
    grafana.grant("Grafana Admin", slow_azure.group)

    before = grafana.call("GET", "/api/org").status_code
    slow_azure.pass_time(1000)

    assert (before, grafana.call("GET", "/api/org").status_code) == (403, 200)


def test_a_viewer_looks_and_does_not_write(grafana: Grafana) -> None:
    grafana.grant("Grafana Viewer")

    assert grafana.call("GET", "/api/search").json() == []
    assert grafana.publish(BOARD).status_code == 403


def test_a_published_dashboard_is_found_by_its_uid(editor: Grafana) -> None:
    editor.call("POST", "/api/folders", {"uid": "lab", "title": "Lab"})
    saved = editor.publish(BOARD, folderUid="lab").json()
    found = editor.call("GET", "/api/dashboards/uid/one").json()

    assert (saved["status"], saved["version"], saved["uid"]) == ("success", 1, "one")
    assert found["dashboard"] | BOARD == found["dashboard"]
    assert (found["meta"]["folderUid"], found["meta"]["folderTitle"]) == ("lab", "Lab")


def test_what_is_missing_is_told_in_a_sentence(editor: Grafana) -> None:
    folder = editor.call("GET", "/api/folders/none")
    board = editor.call("GET", "/api/dashboards/uid/none")
    path = editor.call("GET", "/api/none")

    assert (folder.status_code, folder.json()["message"]) == (404, "folder not found")
    assert (board.status_code, board.json()["message"]) == (404, "Dashboard not found")
    assert (path.status_code, path.json()["message"]) == (404, "Not found")


def test_a_change_of_somebody_else_is_kept_unless_told_to_overwrite(editor: Grafana) -> None:
    editor.publish(BOARD)
    editor.publish(BOARD | {"version": 1, "title": "Theirs"})

    late = editor.publish(BOARD | {"version": 1, "title": "Ours"})
    forced = editor.publish(BOARD | {"title": "Ours"}, overwrite=True)

    assert (late.status_code, late.json()["status"]) == (412, "version-mismatch")
    assert forced.json()["version"] == 3


def test_two_dashboards_of_a_folder_need_two_titles(editor: Grafana) -> None:
    editor.publish(BOARD)

    assert editor.publish(BOARD | {"uid": "two"}).json()["status"] == "name-exists"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"dashboard": []},
        {"dashboard": {"title": ""}},
        {"dashboard": {"title": "One", "uid": "a b"}},
        {"dashboard": {"title": "One", "tags": [{}]}},
        {"dashboard": {"title": "One"}, "folderUid": "none"},
    ],
)
def test_what_is_no_dashboard_is_refused(editor: Grafana, body: Any) -> None:
    answer = editor.call("POST", "/api/dashboards/db", body)

    assert answer.status_code == 400
    assert answer.json()["message"]


def test_a_folder_goes_with_its_dashboards(editor: Grafana) -> None:
    editor.call("POST", "/api/folders", {"uid": "lab", "title": "Lab"})
    editor.publish(BOARD, folderUid="lab")
    again = editor.call("POST", "/api/folders", {"uid": "lab", "title": "Lab"})

    editor.call("DELETE", "/api/folders/lab")

    assert again.status_code == 409
    assert editor.call("GET", "/api/search").json() == []


def test_search_tells_folders_and_dashboards_apart(editor: Grafana) -> None:
    editor.call("POST", "/api/folders", {"uid": "lab", "title": "Lab"})
    editor.publish(BOARD, folderUid="lab")

    def found(query: str) -> list[str]:
        return [one["uid"] for one in editor.call("GET", f"/api/search?{query}").json()]

    assert found("") == ["lab", "one"]
    assert found("type=dash-db&tag=lab&folderUIDs=lab") == ["one"]
    assert found("query=o&type=dash-db") == ["one"]
    assert found("tag=other") == []


def test_each_integrated_workspace_is_a_source_of_data(azure: Azure) -> None:
    azure.new_group()
    workspace = azure.arm(
        "PUT", "Microsoft.Monitor/accounts/lab-metrics", {"location": "westeurope"}
    ).json()["id"]
    integrations = {
        "azureMonitorWorkspaceIntegrations": [{"azureMonitorWorkspaceResourceId": workspace}]
    }
    body = {"location": "westeurope", "properties": {"grafanaIntegrations": integrations}}
    azure.arm("PUT", "Microsoft.Dashboard/grafana/lab-g", body | {"sku": {"name": "Standard"}})
    endpoint = azure.arm("GET", "Microsoft.Dashboard/grafana/lab-g").json()["properties"][
        "endpoint"
    ]
    azure.grant("Grafana Admin", azure.identity.object, azure.group)

    answer = azure.http.get(f"{endpoint}/api/datasources", headers=azure.bearer(AUDIENCE))

    assert [one["name"] for one in answer.json()] == [
        "Azure Monitor",
        "Managed_Prometheus_lab-metrics",
    ]
