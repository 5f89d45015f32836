"""A plan of everything: it tells what a deploy would do, and does none of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from tests.flows.conftest import PROJECT, Ended, Place

pytestmark = pytest.mark.flows
VAULT = "https://supabase-sandbox-kv.vault.azure.net/"
Planned = Callable[..., Ended]
# What asks by POST: tokens, keys that are listed, names that are checked, commands that only read.
READS = r"/token$|/list\w+$|/sharedKeys$|/checkNameAvailability$|/runCommand$|/graphql|/validate$"


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


def wish(place: Place, components: dict[str, Any], **changes: Any) -> None:
    """The environment, with these values of components over those of the sandbox."""
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    for component, chosen in components.items():
        values["supabase"]["components"].setdefault(component, {}).update(chosen)
    path = place.folder / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    place.environment("sandbox", values=str(path), **changes)


@pytest.fixture
def planned() -> Planned:
    """Plan everything, and see in the log of all requests that nothing was changed."""

    def plan(place: Place, **variables: str) -> Ended:
        before = len(place.requests())
        ended = place.run("deploy", "--environment", "sandbox", "--plan", **variables)
        assert writes(place.requests()[before:]) == []
        return ended

    return plan


def writes(requests: list[dict[str, Any]]) -> list[str]:
    """What changes something, or might: all but reads, and what controllers do by themselves."""
    return [
        f"{one['method']} {one['host']}{one['path']} by {one.get('name')}"
        for one in requests
        if one["method"] not in {"GET", "HEAD", "OPTIONS"}
        and not (one["method"] == "POST" and re.search(READS, one["path"], re.IGNORECASE))
    ]


def erase(place: Place, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a person would delete a secret."""
    for variable in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(variable, place.variables[variable])
    identity = [
        place.variables[f"ARM_{part}"] for part in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
    ]
    with SecretClient(VAULT, ClientSecretCredential(*identity)) as vault:
        vault.begin_delete_secret(name).wait()


def test_before_anything_is_built_a_plan_tells_what_is_known_and_what_cannot_be(
    place: Place, planned: Planned
) -> None:
    wish(place, {})

    ended = planned(place)

    assert ended.code == 3, ended.text
    assert re.search(r"create \d+ of `azurerm_subnet`", ended.text)
    assert "create all" in ended.text
    assert "install supabase" in ended.text
    assert "there is no cluster yet" in ended.text
    assert not list((place.folder / "work/sandbox/state").glob("*")), "There is a state now."


def test_what_is_deployed_as_it_should_be_has_nothing_to_do(
    deployed: Place, planned: Planned
) -> None:
    ended = planned(deployed)

    assert ended.code == 0, ended.text
    assert "A deploy of sandbox would change nothing." in ended.text


def test_each_stage_tells_its_own_changes(
    deployed: Place, planned: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of values, of the vault, and of Terraform's variables."""
    image = "postgrest/postgrest:v14.18"
    wish(deployed, {"rest": {"image": image}})
    erase(deployed, "pg-meta-crypto-key", monkeypatch)
    tfvars = deployed.folder / "other.tfvars"
    text = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    tfvars.write_text(text.replace("tags = {", 'tags = {\n  owner = "somebody"', 1))

    ended = planned(deployed, TFVARS_FILE=str(tfvars))

    assert ended.code == 3, ended.text
    assert re.search(r"update `\S*azurerm_key_vault\.this`", ended.text)
    assert re.search(r"(create|recover) `pg-meta-crypto-key`", ended.text)
    assert re.search(rf"Deployment supabase-rest: .*image .* → {image}", ended.text)


def test_the_page_of_a_plan_is_an_artifact_of_its_run(deployed: Place) -> None:
    found = deployed.ask(
        "artifacts/filter", {"artifacts": {"key": {"any_": ["deploy-plan-sandbox"]}}}
    )

    assert any("would change nothing" in artifact["data"] for artifact in found)
    assert all("| stage | part | what would happen |" in artifact["data"] for artifact in found)
