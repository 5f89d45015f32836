"""Secrets that rotate on a platform that runs: looked at, done, killed on the way, refused."""

import json
import os
import re
import signal
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient

from tests.flows.conftest import Ended, Place

pytestmark = pytest.mark.flows
VAULT = "https://supabase-sandbox-kv.vault.azure.net"
TROUBLES = (  # Of writes to the vault; each counts its own calls.
    "--status 429 --retry-after 1 --calls 1",
    "--status 503 --calls 2..4",
    "--reset request --calls 2",
    "--reset answer --calls 3",
)
MOMENTS = (
    "pg-auth: the next value is accepted beside the old one",  # Others' are not yet.
    "pg-rest: the next value is presented",
)
LOGINS = ("auth", "rest", "realtime", "storage", "meta", "functions")


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "worst", 0.01


@pytest.fixture
def vault(deployed: Place, monkeypatch: pytest.MonkeyPatch) -> SecretClient:
    """The vault, as an operator sees it."""
    for name in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE"):
        monkeypatch.setenv(name, deployed.variables[name])
    given = deployed.variables
    credential = ClientSecretCredential(
        given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"], given["ARM_CLIENT_SECRET"]
    )
    return SecretClient(VAULT, credential)


def rotate(place: Place, *more: str) -> Ended:
    return place.run("rotate", "--environment", "sandbox", *more)


def generations(vault: SecretClient, *names: str) -> list[int]:
    found = [vault.get_secret(name).properties.tags or {} for name in names]
    return [int(tags["generation"]) for tags in found]


def written(place: Place) -> int:
    """How many versions the vault has been given."""
    return sum(r["method"] == "PUT" and "vault" in r["host"] for r in place.requests())


def at_rest(vault: SecretClient) -> bool:
    """Each service presents the only login that is accepted, and the cluster is known to use it."""
    for service in LOGINS:
        presented = vault.get_secret(f"pg-{service}")
        own = json.loads(presented.value or "")
        valid = vault.get_secret(f"pg-{service}-accepted")
        tags = (presented.properties.tags or {}) | (valid.properties.tags or {})
        if valid.value != f"{own['username']}:{own['password']}":
            return False
        if tags["generation"] != "1" and "in-use-since" not in tags:
            return False
    return True


# --- Looking ------------------------------------------------------------------------------------


def test_a_dry_run_shows_what_is_due_and_changes_nothing(deployed: Place) -> None:
    before = written(deployed)

    ended = rotate(deployed, "--dry-run")

    assert ended.code == 0, ended.text
    assert re.search(r"\npg-auth +pg-auth +1 +0 d +\d{4}-.* accept the next value", ended.text)
    assert re.search(r"\nrealtime-enc-key .* never +what the service has stored", ended.text)
    assert written(deployed) == before


def test_a_misspelled_name_gets_a_suggestion(deployed: Place) -> None:
    ended = rotate(deployed, "--only", "publishable-kee")

    assert ended.code == 2, ended.text
    assert "Did you mean 'publishable-key'?" in ended.text


def test_what_is_not_due_stays(deployed: Place) -> None:
    before = written(deployed)

    ended = rotate(deployed)

    assert ended.code == 0, ended.text
    assert "No secret was replaced." in ended.text
    assert written(deployed) == before


# --- Everything, on a bad day -------------------------------------------------------------------


def test_everything_rotates_though_the_worker_dies_twice_and_azure_has_a_bad_day(
    deployed: Place, vault: SecretClient
) -> None:
    names = ("jwt-set", "publishable-key", "pg-password", "azure-storage-account-key", "pg-rest")
    before, numbers = values(vault, *names), generations(vault, *names)
    for moment in MOMENTS:
        killed_at(deployed, moment)
    for number, trouble in enumerate(TROUBLES):
        where = ("--method", "PUT", "--host", "*.vault.azure.net", "--id", f"trouble-{number}")
        deployed.sandbox("faults", "add", *where, *trouble.split())

    ended = rotate(deployed, "--only", "*", "publishable-key")

    deployed.sandbox("faults", "clear")
    assert ended.code == 0, ended.text
    assert "An earlier run has died on the way with jwt-set" in ended.text
    assert "The old value of jwt-set ends with the first run after" in ended.text
    assert not set(before) & set(values(vault, *names))
    assert generations(vault, *names) == [number + 1 for number in numbers]
    assert at_rest(vault)
    assert keys(vault) == 2

    for name in ("jwt-set", "publishable-key", "publishable-key-accepted"):
        grow_older(vault, name)
    again = rotate(deployed)

    assert again.code == 0, again.text
    assert keys(vault) == 1
    key = vault.get_secret("publishable-key").value
    assert vault.get_secret("publishable-key-accepted").value == key
    refused = json.loads(vault.get_secret("retired-credentials").value or "")
    assert {"jwt-set", "publishable-key", "supabase-storage-creds"} <= set(refused)


def killed_at(place: Place, moment: str) -> None:
    """Begin, or go on; the worker is gone right after it has said this."""
    program = place.start("rotate", "--environment", "sandbox", "--only", "*", "publishable-key")
    assert program.stdout is not None
    told = ""
    while moment not in told:
        line = program.stdout.readline()
        assert line, told
        told += line
    os.killpg(program.pid, signal.SIGKILL)
    program.communicate()
    # The environment is free a minute after; nobody has to wait for it.
    limit = f"{place.api}/v2/concurrency_limits/environment-sandbox"
    httpx.delete(limit, trust_env=False).raise_for_status()


def values(vault: SecretClient, *names: str) -> list[str | None]:
    return [vault.get_secret(name).value for name in names]


def keys(vault: SecretClient) -> int:
    """How many keys verify tokens."""
    known = json.loads(json.loads(vault.get_secret("jwt-set").value or "")["jwt-jwks"])["keys"]
    return sum(key["kty"] == "EC" for key in known)


def grow_older(vault: SecretClient, name: str) -> None:
    """As if eight days had gone by since the cluster began to use it."""
    properties = vault.get_secret(name).properties
    earlier = (datetime.now(UTC) - timedelta(days=8)).isoformat(timespec="seconds")
    tags: dict[str, Any] = dict(properties.tags or {}) | {"in-use-since": earlier}
    vault.update_secret_properties(name, properties.version, tags=tags)
