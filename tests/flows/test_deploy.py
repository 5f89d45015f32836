"""From nothing to an answering platform, again without a change, and away."""

import base64
import json
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.authorization import AuthorizationManagementClient

from scripts import leak_scan as leaks
from tests.flows.conftest import PROJECT, Ended, Place

pytestmark = pytest.mark.flows
SECRETS_USER = "4633458b-17de-408a-b874-0445c86b69e6"  # Key Vault Secrets User
VAULT_ID = (
    "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/supabase-sandbox-rg"
    "/providers/Microsoft.KeyVault/vaults/supabase-sandbox-kv"
)
VAULT = "https://supabase-sandbox-kv.vault.azure.net/"


@pytest.fixture(scope="module")
def first(place: Place) -> Ended:
    """The first deploy of an empty subscription, with an eye on the command lines of programs."""
    place.environment("sandbox")
    seen: set[bytes] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            seen.update(one.content for one in leaks.processes())

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        return place.run("deploy", "--environment", "sandbox")
    finally:
        ended.set()
        watching.join()
        (place.folder / "seen").write_bytes(b"\n".join(seen))


@pytest.fixture(scope="module")
def second(place: Place, first: Ended) -> tuple[Ended, list[dict[str, Any]]]:
    """The same again, and what it asked of the cloud."""
    assert first.code == 0, first.text
    before = len(place.requests())
    ended = place.run("deploy", "--environment", "sandbox")
    return ended, place.requests()[before:]


def leak_scan(place: Place, *paths: Path) -> Ended:
    """As a person runs it."""
    done = subprocess.run(
        [sys.executable, leaks.__file__, "--environment", "sandbox", *map(str, paths)],
        cwd=PROJECT,
        env=place.variables | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def reports(place: Place) -> list[Path]:
    return sorted((place.folder / "work/sandbox/reports").glob("*/report.md"))


def task_runs(place: Place, name: str) -> list[dict[str, Any]]:
    return list(place.ask("task_runs/filter", {"task_runs": {"name": {"like_": name}}}))


def vault(place: Place, monkeypatch: pytest.MonkeyPatch) -> SecretClient:
    """The deployer's own view of the vault."""
    for name in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, place.variables[name])
    return SecretClient(VAULT, credential(place))


def credential(place: Place) -> ClientSecretCredential:
    given = place.variables
    return ClientSecretCredential(
        given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"], given["ARM_CLIENT_SECRET"]
    )


def states(place: Place, run: dict[str, Any]) -> list[str]:
    address = f"{place.api}/task_run_states/"
    answer = httpx.get(address, params={"task_run_id": run["id"]}, trust_env=False)
    return [state["name"] for state in answer.json()]


def test_one_command_ends_with_an_answering_platform(first: Ended) -> None:
    assert first.code == 0, first.text
    assert re.search(r"All \d\d checks hold", first.text)
    assert first.text.rstrip().endswith("https://supabase.sandbox.internal")


def test_the_role_that_spreads_is_a_visible_wait_with_its_reason(
    place: Place, first: Ended
) -> None:
    assert first.code == 0, first.text
    waiting = [run for run in task_runs(place, "reach-vault") if run["run_count"] > 1]
    assert waiting, "The vault let us in at the first try: nothing spread."

    history = states(place, waiting[0])
    artifacts = place.ask(
        "artifacts/filter", {"artifacts": {"task_run_id": {"any_": [waiting[0]["id"]]}}}
    )

    assert "AwaitingRetry" in history
    assert (
        "does not know our role assignment yet for secrets/getSecret (403 ForbiddenByRbac)"
        in str(artifacts)
    )


def test_the_report_names_waits_checks_and_the_environments_note(
    place: Place, first: Ended
) -> None:
    assert first.code == 0, first.text
    page = reports(place)[0].read_text()

    assert "**Succeeded** in" in page
    assert "| reach-vault |" in page.split("## What set its length")[0]
    assert "This environment is simulated." in page
    assert (reports(place)[0].parent / "timeline.svg").exists()
    found = place.ask("artifacts/filter", {"artifacts": {"key": {"any_": ["report-sandbox"]}}})
    assert "data:image/svg+xml;base64," in found[0]["data"]


def test_a_second_deploy_changes_nothing_and_says_so(
    place: Place, second: tuple[Ended, list[dict[str, Any]]]
) -> None:
    ended, _ = second

    assert ended.code == 0, ended.text
    assert "foundation: nothing to change" in ended.text
    assert "platform: nothing to change" in ended.text
    releases = re.findall(r"Release ([a-z0-9-]+): (\w+)", ended.text)
    assert {name for name, _ in releases} == {
        "external-secrets",
        "platform",
        "s3proxy",
        "supabase",
    }
    assert {result for _, result in releases} == {"unchanged"}
    assert "created" not in ended.text
    assert "Nothing had to change." in reports(place)[-1].read_text()
    assert re.search(
        r"deploy-sandbox: nothing to change\. Looked at preflight, .*\d+ steps in \d stages, "
        r"(\d+) of \1 checks hold; [\d.]+ s",
        ended.text,
    )


def test_a_second_deploy_writes_nothing_to_azure(
    second: tuple[Ended, list[dict[str, Any]]],
) -> None:
    _, requests = second
    harmless = (
        "/runCommand",
        "/listKeys",
        "/sharedKeys",
        "/listClusterUserCredential",
        "/oauth2/",
        "/token",
    )

    writes = [
        f"{request['method']} {request['host']}{request['path']}"
        for request in requests
        if request["method"] not in {"GET", "HEAD"}
        and not request["network"]
        and not any(part in request["path"] for part in harmless)
    ]

    assert writes == []


def test_a_second_deploy_needs_four_commands_in_the_cluster(
    second: tuple[Ended, list[dict[str, Any]]],
) -> None:
    _, requests = second

    commands = [request for request in requests if request["path"].endswith("/runCommand")]

    assert len(commands) == 4


def test_a_secret_that_was_changed_in_the_vault_reaches_every_consumer(
    place: Place, second: tuple[Ended, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert second[0].code == 0
    with vault(place, monkeypatch) as client:
        old = client.get_secret("anon-key").value
        members = json.loads(str(client.get_secret("jwt-set").value))
        members["jwt-secret"] = "a-new-secret-of-more-than-32-characters-for-this-test"
        client.set_secret("jwt-set", json.dumps(members))

    ended = place.run("deploy", "--environment", "sandbox")

    assert ended.code == 0, ended.text
    assert "Secret jwt-set: renewed." in ended.text
    assert "Release supabase: deployed." in ended.text
    assert re.search(r"All \d\d checks hold", ended.text)
    with vault(place, monkeypatch) as client:
        assert client.get_secret("anon-key").value != old
    assert "jwt-set: renewed" in reports(place)[-1].read_text()


def test_a_role_that_somebody_took_away_comes_back_and_is_waited_for(
    place: Place, second: tuple[Ended, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """External Secrets meets the 403 of its own identity; the deploy shows it and goes on."""
    assert second[0].code == 0
    with vault(place, monkeypatch) as client:
        client.set_secret("dashboard-password", "changed-so-that-there-is-something-to-read")
    with AuthorizationManagementClient(
        credential(place), place.variables["ARM_SUBSCRIPTION_ID"]
    ) as roles:
        for assignment in roles.role_assignments.list_for_scope(VAULT_ID, filter="atScope()"):
            if assignment.role_definition_id.endswith(SECRETS_USER):
                roles.role_assignments.delete_by_id(assignment.id)
    deadline = time.monotonic() + 60
    while json.loads(place.sandbox("status", "--json"))["propagations"]:
        assert time.monotonic() < deadline, "The news never settled."
        time.sleep(0.3)

    ended = place.run("deploy", "--environment", "sandbox")

    assert ended.code == 0, ended.text
    assert "foundation: 1 to create" in ended.text
    assert "secrets are not in the cluster yet" in ended.text
    waiting = [run for run in task_runs(place, "sync-external-secrets") if run["run_count"] > 1]
    assert any("AwaitingRetry" in states(place, run) for run in waiting)
    assert "| sync-external-secrets |" in reports(place)[-1].read_text()


def test_no_value_of_the_vault_old_or_new_is_found_where_none_belongs(
    place: Place, second: tuple[Ended, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = place.folder / "said.txt"
    said.write_text(second[0].text)
    logs = [place.state / name for name in ("sandbox.log", "requests.jsonl")]
    with vault(place, monkeypatch) as client:
        versions = client.list_properties_of_secret_versions("dashboard-password")
        old = min(versions, key=lambda one: str(one.created_on))

    clean = leak_scan(place, said, place.folder / "seen", *logs)

    assert clean.code == 0, clean.text
    assert re.search(r"^0 leaks, .* [1-9]\d+ values of https://", clean.text)
    with vault(place, monkeypatch) as client:
        value = str(client.get_secret("dashboard-password", old.version).value)
    said.write_bytes(base64.b64encode(f"supabase:{value}".encode()))

    found = leak_scan(place, said)

    assert found.code == 1
    assert f"dashboard-password (version {str(old.version)[:8]}), in base64 in {said}" in found.text
    assert value not in found.text


def test_without_anybody_to_ask_nothing_is_destroyed(
    place: Place, second: tuple[Ended, list[dict[str, Any]]]
) -> None:
    assert second[0].code == 0

    ended = place.run("destroy", "--environment", "sandbox")

    assert ended.code == 1
    assert "run again with --yes" in ended.text
    assert place.run("verify", "--environment", "sandbox").code == 0


def test_destroy_leaves_nothing_behind_and_may_run_again(
    place: Place, second: tuple[Ended, list[dict[str, Any]]]
) -> None:
    assert second[0].code == 0

    ended = place.run("destroy", "--environment", "sandbox", "--yes")

    assert ended.code == 0, ended.text
    assert json.loads(place.sandbox("status", "--json"))["resources"] == 0
    assert place.run("destroy", "--environment", "sandbox", "--yes").code == 0
