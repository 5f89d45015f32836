"""Releases that change, fail, are locked, go back, come from the registry, and go."""

import re
from typing import Any

import pytest
import yaml
from azure.identity import ClientSecretCredential
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import RunCommandRequest

from tests.flows.conftest import PROJECT, Ended, Place

pytestmark = pytest.mark.flows
GROUP, CLUSTER = "supabase-sandbox-rg", "supabase-sandbox-aks"
SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
NEXT = "postgrest/postgrest:v14.18"
DIES = ("--evict", "Evicted", "--once", "POST */secrets", "--calls", "1")


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


@pytest.fixture(scope="module")
def deployed(deployed: Place) -> Place:
    wish(deployed)
    return deployed


@pytest.fixture(autouse=True)
def _variables(deployed: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, deployed.variables[name])


def wish(place: Place, supabase: dict[str, Any] | None = None, **changes: Any) -> None:
    """The environment, with these values over those of the sandbox."""
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    values["supabase"] = merged(values["supabase"], supabase or {})
    path = place.folder / "values.yaml"
    path.write_text(yaml.safe_dump(values))
    place.environment("sandbox", **{"values": str(path), "helm_timeout": 25} | changes)


def merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    return base | {
        key: merged(base.get(key, {}), value) if isinstance(value, dict) else value
        for key, value in over.items()
    }


def release(place: Place, *more: str) -> Ended:
    return place.run("release", "--environment", "sandbox", *more)


def command(place: Place, text: str) -> str:
    """What a person types into the cluster."""
    given = place.variables
    credential = ClientSecretCredential(
        given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"], given["ARM_CLIENT_SECRET"]
    )
    request = RunCommandRequest(command=text, cluster_token=credential.get_token(SERVER).token)
    with ContainerServiceClient(credential, given["ARM_SUBSCRIPTION_ID"]) as client:
        poller = client.managed_clusters.begin_run_command(
            GROUP, CLUSTER, request, polling_interval=0.2
        )
        return str(poller.result().logs)


def revision(place: Place) -> int:
    logs = command(place, "helm history supabase -n supabase | tail -n 1")
    return int(logs.split()[0])


def dies(place: Place) -> None:
    """The next command whose helm notes a release dies at that moment, and no later one."""
    place.sandbox("faults", "clear")
    place.sandbox("faults", "add", *DIES)


def images(place: Place) -> set[str]:
    """Of all that Supabase's Deployments want to run."""
    return set(
        command(place, "kubectl get deployments -n supabase -o jsonpath='{..image}'").split()
    )


def present(place: Place) -> str:
    """The image of rest that has no next version beside it."""
    one = "kubectl get deployment supabase-rest -n supabase -o jsonpath='{..image}'"
    return command(place, one).strip()


# --- Failure --------------------------------------------------------------------------------------


def test_a_failing_upgrade_is_explained_and_taken_back(deployed: Place) -> None:
    before = revision(deployed)
    wish(deployed, {"components": {"rest": {"image": "postgrest/does-not-exist:v1"}}})

    ended = release(deployed)

    assert ended.code == 1, ended.text
    assert "helm upgrade of supabase failed: pods cannot start." in ended.text
    assert "container rest: ImagePullBackOff" in ended.text
    assert f"supabase is back at revision {before}" in ended.text
    assert "postgrest/does-not-exist:v1" not in images(deployed)


# --- Locked, while a next version is tried and promoted -------------------------------------------


def test_a_release_that_a_dead_command_locked_is_recovered(deployed: Place) -> None:
    canary = {"strategy": "canary", "image": NEXT, "weight": 0}
    wish(deployed, {"progressive": {"rest": canary}})
    dies(deployed)

    ended = release(deployed)

    assert ended.code == 0, ended.text
    assert re.search(r"Revision \d+ was left pending-upgrade by a command that died", ended.text)
    assert "Release supabase: deployed." in ended.text
    assert {NEXT, present(deployed)} <= images(deployed)


def test_a_locked_release_is_left_alone_while_a_command_lives(deployed: Place) -> None:
    before = present(deployed)
    wish(deployed, {"components": {"rest": {"image": NEXT}}})
    command(deployed, "kubectl run command-of-somebody -n aks-command --image=pause:3")
    dies(deployed)
    program = deployed.start("release", "--environment", "sandbox")
    assert program.stdout is not None

    told = ""
    while "may still work on it: command-of-somebody" not in told:
        line = program.stdout.readline()
        assert line, told
        told += line
    command(deployed, "kubectl delete pod command-of-somebody -n aks-command --wait=false")
    rest, _ = program.communicate(timeout=120)

    assert program.returncode == 0, told + rest
    assert "was left pending-upgrade by a command that died" in rest
    assert NEXT in images(deployed)
    assert before not in images(deployed)


# --- Back -----------------------------------------------------------------------------------------


def test_going_back_is_shown_and_needs_a_persons_word(deployed: Place) -> None:
    before = revision(deployed)

    ended = release(deployed, "--revision", "1")

    assert ended.code == 1, ended.text
    assert "Deployment supabase-rest: " in ended.text
    assert f"{NEXT} → postgrest/postgrest:" in ended.text
    assert "Nobody is here to approve it" in ended.text
    assert revision(deployed) == before


def test_a_release_goes_back_to_a_revision(deployed: Place) -> None:
    before = revision(deployed)

    ended = release(deployed, "--revision", "1", "--yes")

    assert ended.code == 0, ended.text
    assert "Release supabase is back at revision 1." in ended.text
    assert revision(deployed) == before + 1
    assert NEXT not in images(deployed)


# --- From the registry ----------------------------------------------------------------------------


def test_charts_and_images_come_from_the_registry(deployed: Place) -> None:
    wish(deployed, chart_source="oci", images="import")

    ended = release(deployed)

    assert ended.code == 0, ended.text
    assert re.search(r"Chart supabase \S+\+[0-9a-f]{12} is published", ended.text)
    assert re.search(r"Image postgrest/postgrest:\S+ is in the registry", ended.text)
    assert ".azurecr.io/postgrest/postgrest:" in present(deployed)


def test_what_is_in_the_registry_is_sent_once(deployed: Place) -> None:
    before = len(deployed.requests())

    ended = release(deployed)

    assert ended.code == 0, ended.text
    assert "Release supabase: unchanged." in ended.text
    asked = deployed.requests()[before:]
    sent = [
        one["path"]
        for one in asked
        if "importImage" in one["path"]
        or ("/v2/" in one["path"] and one["method"] in {"PUT", "POST"})
    ]
    assert sent == []


# --- Away -----------------------------------------------------------------------------------------


def test_a_release_that_was_uninstalled_comes_again(deployed: Place) -> None:
    wish(deployed)
    command(deployed, "helm uninstall supabase s3proxy -n supabase --wait")

    ended = release(deployed)

    assert ended.code == 0, ended.text
    assert "Release s3proxy: deployed." in ended.text
    assert "Release supabase: deployed." in ended.text
