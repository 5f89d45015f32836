"""What happens when a run is interrupted, killed, repeated, refused or asked to wait."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PROJECT, Place, free_port

pytestmark = pytest.mark.flows
Until = Callable[[Callable[[], bool], str], None]
CLUSTER = "/managedClusters/supabase-sandbox-aks"


def asked_for_cluster(place: Place) -> bool:
    """Azure has begun to build the cluster: the long pole of a deploy."""
    return any(
        request["method"] == "PUT" and request["path"].endswith(CLUSTER)
        for request in place.requests()
    )


def writes(place: Place) -> list[str]:
    return [r["path"] for r in place.requests() if r["method"] in {"PUT", "PATCH", "DELETE"}]


# --- Bad input: an error with a hint, and nothing is touched --------------------------------------


@pytest.mark.parametrize(
    ("changes", "variables", "message", "hint"),
    [
        ({"hostnam": "x"}, {}, "hostnam: unknown key, did you mean 'hostname'", "Correct "),
        ({"tfvars": "vars/no.tfvars"}, {}, "no.tfvars, which is not there", "Correct "),
        ({"values": "values/no.yaml"}, {}, "no.yaml, which is not there", "Correct "),
        ({}, {"ARM_CLIENT_SECRET": "wrong"}, "AADSTS7000215", "Start the sandbox."),
        ({}, {"ARM_CLIENT_ID": "f" * 8}, "AADSTS700016", "Start the sandbox."),
        (
            {},
            dict.fromkeys(("HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
            "Entra cannot be reached",
            "Start the sandbox.",
        ),
        (
            {"provided_secrets": ["smtp-password"]},
            {},
            "must be provided and are missing: smtp-password",
            "SECRET_SMTP_PASSWORD",
        ),
        (
            {"subscription": "00000000-0000-0000-0000-00000000dead"},
            {},
            "00000000-0000-0000-0000-00000000dead",
            "",
        ),
    ],
    ids=["key", "tfvars", "values", "secret", "client", "proxy", "provided", "subscription"],
)
def test_bad_input_is_refused_before_anything_is_touched(
    place: Place, changes: dict[str, Any], variables: dict[str, str], message: str, hint: str
) -> None:
    place.environment("wrong", **changes)
    before = writes(place)

    ended = place.run("deploy", "--environment", "wrong", **variables)

    assert ended.code in {1, 2}, ended.text
    assert message in ended.text
    assert hint in ended.text.partition("Next: ")[2]
    assert "Traceback" not in ended.text
    assert writes(place) == before


def test_an_unknown_environment_is_answered_with_the_known_ones(place: Place) -> None:
    place.environment("sandbox")

    ended = place.run("deploy", "--environment", "sandbx")

    assert ended.code == 2
    assert "Did you mean 'sandbox'?" in ended.text


def test_a_server_that_does_not_answer_is_named(place: Place) -> None:
    place.environment("sandbox")
    address = f"http://127.0.0.1:{free_port()}/api"

    ended = place.run("deploy", "--environment", "sandbox", PREFECT_API_URL=address)

    assert ended.code == 2
    assert f"The Prefect server at {address} does not answer" in ended.text
    assert "Next: Start it" in ended.text


@pytest.mark.parametrize(
    ("program", "message"),
    [
        ('#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n', "Terraform 1.5.7 is too old"),
        (None, "terraform is not on PATH"),
    ],
    ids=["old", "missing"],
)
def test_a_wrong_terraform_is_found_at_once(
    place: Place, tmp_path: Path, program: str | None, message: str
) -> None:
    place.environment("sandbox")
    path = str(tmp_path)
    if program:
        fake = tmp_path / "terraform"
        fake.write_text(program)
        fake.chmod(0o755)
        path = f"{tmp_path}{os.pathsep}{place.variables['PATH']}"

    ended = place.run("preflight", "--environment", "sandbox", PATH=path)

    assert ended.code == 2, ended.text
    assert message in ended.text
    assert "https://developer.hashicorp.com/terraform/install" in ended.text


def test_a_stage_that_is_too_early_says_what_comes_first(place: Place) -> None:
    place.environment("early")

    ended = place.run("release", "--environment", "early")

    assert ended.code == 2
    assert "The foundation of early is not built" in ended.text
    assert "Next: Run provision, or deploy, for early first." in ended.text


# --- Interrupted, killed, and on again ------------------------------------------------------------


def test_an_interrupted_deploy_releases_its_lock_and_goes_on(place: Place, until: Until) -> None:
    place.environment("sandbox")
    program = place.start("deploy", "--environment", "sandbox")
    until(lambda: asked_for_cluster(place), "The cluster was never asked for.")

    program.send_signal(signal.SIGINT)
    text, _ = program.communicate(timeout=150)

    assert program.returncode == 130, text
    assert "Run again: it goes on where it was." in text
    lock = place.folder / "work/sandbox/state/.platform.tfstate.lock.info"
    assert not lock.exists()


def test_a_second_run_is_refused_or_waits_for_its_turn(place: Place, until: Until) -> None:
    """Also goes on where the interrupted run stopped, and is killed on its way."""
    place.environment("sandbox")
    until(lambda: slots(place) == 0, "The run before never gave its turn back.")
    first = place.start("deploy", "--environment", "sandbox")
    until(lambda: slots(place) == 1, "The first run never took its turn.")
    place.environment("sandbox", on_busy="refuse")

    for command in ("release", "rotate", "destroy"):
        refused = place.run(command, "--environment", "sandbox")

        assert refused.code == 1, refused.text
        assert re.search(r"Environment sandbox is held by deploy-sandbox \(", refused.text)
    os.killpg(first.pid, signal.SIGKILL)
    subprocess.run(["pkill", "-KILL", "-f", str(place.folder / "work")], check=False)


def slots(place: Place) -> int:
    address = f"{place.api}/v2/concurrency_limits/environment-sandbox"
    answer = httpx.get(address, trust_env=False)
    return int(answer.json()["active_slots"]) if answer.is_success else 0


def test_after_a_kill_the_next_run_waits_for_the_lease_and_finishes(place: Place) -> None:
    place.environment("sandbox")

    ended = place.run("deploy", "--environment", "sandbox")

    assert ended.code == 0, ended.text
    assert "Environment sandbox is held by" in ended.text
    assert re.search(r"All \d+ checks hold", ended.text)


def test_what_a_killed_run_created_is_taken_over(place: Place) -> None:
    """Terraform forgets a resource that it had just created; Azure does not."""
    state = place.folder / "work/sandbox/state/foundation.tfstate"
    content = json.loads(state.read_text())
    content["serial"] += 1
    kept = [r for r in content["resources"] if r["type"] != "azurerm_storage_management_policy"]
    assert len(kept) < len(content["resources"])
    state.write_text(json.dumps(content | {"resources": kept}))

    ended = place.run("provision", "--environment", "sandbox")

    assert ended.code == 0, ended.text
    assert "was created by a run that died: taken over." in ended.text


# --- Approval -------------------------------------------------------------------------------------


def test_a_replacement_is_not_carried_out_without_a_persons_word(place: Place) -> None:
    text = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    wider = place.folder / "moved.tfvars"
    wider.write_text(re.sub(r'location(\s*)= "\w+"', r'location\1= "westeurope"', text))
    before = writes(place)

    ended = place.run("provision", "--environment", "sandbox", TFVARS_FILE=str(wider))

    assert ended.code == 1, ended.text
    assert "Nobody is here to approve it" in ended.text
    assert re.search(
        r"replace azurerm_resource_group.this: must be replaced: location: centralus → westeurope",
        ended.text,
    )
    assert writes(place) == before
