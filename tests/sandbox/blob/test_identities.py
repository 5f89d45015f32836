"""Managed identities: tokens without a secret, for programs here and on the nodes of a cluster."""

import os
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import CredentialUnavailableError, ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from tests.sandbox.blob.conftest import (
    CLUSTER,
    Account,
    Lab,
    cluster,
    eventually,
    exported,
    new_subnet,
    sandbox,
)

METADATA = "http://169.254.169.254/metadata"
TOKEN = f"{METADATA}/identity/oauth2/token"
VAULT = "https://vault.azure.net"
ASK = {"api-version": "2018-02-01", "resource": VAULT}


def identity(lab: Lab, name: str) -> dict[str, str]:
    """The ids of a user-assigned identity."""
    path = f"{lab.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    made = lab.arm("PUT", path, {"location": "westeurope"})
    found: dict[str, str] = made.json()["properties"]
    return found | {"id": path}


def oid(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["oid"])


@pytest.fixture
def on_node(lab: Lab, inside: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand on a node of the cluster; what the cluster says about itself."""
    path = f"{lab.group}/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"
    shown = lab.arm("GET", path).json()["properties"]
    for name, value in inside.items():
        monkeypatch.setenv(name, value)
    found: dict[str, Any] = shown
    return found


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_description"]


# --- On a node ------------------------------------------------------------------------------------


def test_a_program_on_a_node_is_the_identity_of_the_kubelet(on_node: dict[str, Any]) -> None:
    kubelet = on_node["identityProfile"]["kubeletidentity"]

    anybody = ManagedIdentityCredential().get_token(f"{VAULT}/.default")
    named = ManagedIdentityCredential(client_id=kubelet["clientId"]).get_token(f"{VAULT}/.default")

    assert oid(anybody.token) == oid(named.token) == kubelet["objectId"]


def test_an_identity_that_the_node_has_not_is_not_found(lab: Lab, on_node: dict[str, Any]) -> None:
    stranger = identity(lab, "stranger")

    answer = httpx.get(
        TOKEN, params=ASK | {"client_id": stranger["clientId"]}, headers={"Metadata": "true"}
    )

    assert on_node["identityProfile"]
    assert refusal(answer) == (400, "Identity not found")


@pytest.mark.usefixtures("on_node")
@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (ASK, {}, "Required metadata header not specified"),
        ({"resource": VAULT}, {"Metadata": "true"}, "Required query variable 'api-version'"),
        ({"api-version": "2018-02-01"}, {"Metadata": "true"}, "Required query variable 'resource'"),
        (ASK | {"resource": "https://nothing.example"}, {"Metadata": "true"}, "AADSTS500011"),
        (ASK, {"Metadata": "true", "X-Forwarded-For": "10.0.0.9"}, "X-Forwarded-For"),
    ],
)
def test_the_metadata_service_says_what_is_wrong_with_a_request(
    query: dict[str, str], headers: dict[str, str], expected: str
) -> None:
    status, text = refusal(httpx.get(TOKEN, params=query, headers=headers))

    assert status == HTTPStatus.BAD_REQUEST
    assert expected in text


def test_with_several_identities_on_a_node_one_must_be_named(
    lab: Lab, on_node: dict[str, Any]
) -> None:
    path = f"{lab.group}/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"
    addons = {"azurepolicy": {"enabled": True}}
    changed = lab.arm("PUT", path, cluster(new_subnet(lab), addonProfiles=addons))
    assert changed.is_success, changed.text
    try:
        answer = httpx.get(TOKEN, params=ASK, headers={"Metadata": "true"})
        kubelet = on_node["identityProfile"]["kubeletidentity"]["objectId"]
        named = httpx.get(TOKEN, params=ASK | {"object_id": kubelet}, headers={"Metadata": "true"})
    finally:
        lab.arm("PUT", path, cluster(new_subnet(lab)))

    status, text = refusal(answer)
    assert (status, text[:39]) == (400, "Multiple user assigned identities exist")
    assert oid(named.json()["access_token"]) == kubelet


@pytest.mark.usefixtures("on_node")
def test_a_machine_is_described(lab: Lab) -> None:
    answer = httpx.get(
        f"{METADATA}/instance", params={"api-version": "2021-02-01"}, headers={"Metadata": "true"}
    )

    assert answer.json()["compute"]["subscriptionId"] == lab.environment["ARM_SUBSCRIPTION_ID"]


@pytest.mark.usefixtures("lab")
def test_outside_of_machines_there_is_no_metadata_service() -> None:
    answer = httpx.get(TOKEN, params=ASK, headers={"Metadata": "true"})

    assert answer.status_code == HTTPStatus.FORBIDDEN
    with pytest.raises(CredentialUnavailableError, match="unavailable"):
        ManagedIdentityCredential().get_token(f"{VAULT}/.default")


# --- On this computer -----------------------------------------------------------------------------


def be(lab: Lab, name: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Turn this process into an identity."""
    printed = sandbox("env", lab.state, "--identity", name)
    for gone in next(line for line in printed.splitlines() if line.startswith("unset")).split()[1:]:
        monkeypatch.delenv(gone)
    found = exported(printed)
    for variable, value in found.items():
        monkeypatch.setenv(variable, value)
    return found


def test_a_process_here_can_be_an_identity_and_needs_its_roles(
    lab: Lab, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = identity(lab, "app")
    account.client().create_container("shared").upload_blob("x", b"x")
    be(lab, "app", monkeypatch)
    with ManagedIdentityCredential() as credential:
        blob = BlobServiceClient(account.url, credential, retry_total=0).get_blob_client(
            "shared", "x"
        )

        with pytest.raises(HttpResponseError, match="AuthorizationPermissionMismatch"):
            blob.download_blob()
        lab.grant("Storage Blob Data Reader", me["principalId"], account.id)

        assert eventually(lambda: blob.download_blob().readall()) == b"x"


def test_the_default_credential_finds_the_identity(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    me = identity(lab, "app")
    be(lab, "app", monkeypatch)
    program = tmp_path / "program.py"
    program.write_text(
        "from azure.identity import DefaultAzureCredential\n"
        f"print(DefaultAzureCredential().get_token('{VAULT}/.default').token)\n"
    )

    done = subprocess.run(
        [sys.executable, program],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert oid(done.stdout.strip()) == me["principalId"]


def test_older_endpoints_answer_in_their_own_form(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = identity(lab, "app")
    found = be(lab, "app", monkeypatch)
    secret, address = found["MSI_SECRET"], found["MSI_ENDPOINT"]

    old = httpx.get(
        found["IDENTITY_ENDPOINT"],
        params={"api-version": "2017-09-01", "resource": VAULT, "clientid": me["clientId"]},
        headers={"secret": secret},
    ).json()
    shell = httpx.post(address, data={"resource": VAULT}, headers={"Metadata": "true"}).json()

    assert oid(old["access_token"]) == oid(shell["access_token"]) == me["principalId"]
    assert old["expires_on"].endswith("+00:00")
    assert shell["expires_on"].isdigit()


def test_a_wrong_header_proves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    identity(lab, "app")
    found = be(lab, "app", monkeypatch)
    query = {"api-version": "2019-08-01", "resource": VAULT}

    for headers in ({}, {"X-IDENTITY-HEADER": "guessed"}):
        answer = httpx.get(found["IDENTITY_ENDPOINT"], params=query, headers=headers)
        assert answer.status_code == HTTPStatus.UNAUTHORIZED


def test_an_identity_that_is_not_there_is_named(lab: Lab) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "env", "--state", str(lab.state), "--identity", "nobody"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "no identity nobody" in done.stderr
