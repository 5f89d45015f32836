"""Clients that others wrote, in front of a sandbox that the tests of one file share."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from azure.identity import ClientSecretCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import ResourceGroup

from scripts.apart import UnavailableError
from tests.clients import azure_cli
from tests.clients.azure_cli import Az

PROJECT = Path(__file__).parents[2]
LOCATION = "westeurope"
PAUSE = 0.2  # Seconds between two questions about an operation, where Azure does not say.


@contextmanager
def sandbox(state: Path) -> Iterator[Mapping[str, str]]:
    """The environment of a sandbox in which nothing takes time."""

    def command(*words: str) -> str:
        argv = [sys.executable, "-m", "sandbox", *words, "--state", str(state)]
        ended = subprocess.run(argv, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    exports = command("up", "--port", "0", "--profile", "instant")
    try:
        pairs = (shlex.split(line)[1].partition("=") for line in exports.splitlines())
        yield {name: value for name, _, value in pairs}
    finally:
        command("down")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    with sandbox(tmp_path_factory.mktemp("state")) as environment:
        yield environment


@pytest.fixture(scope="session")
def az_program() -> Path:
    """azure-cli; a machine that cannot install it is told so, and CI does not pass without it."""
    try:
        return azure_cli.install()
    except UnavailableError as error:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say(f"azure-cli cannot be installed: {error}")


@pytest.fixture(scope="module")
def az(az_program: Path, cloud: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Az:
    """`az`, signed in as the deployer."""
    found = Az(az_program, cloud, tmp_path_factory.mktemp("az"))
    found.sign_in()
    return found


@pytest.fixture(scope="module")
def group(az: Az) -> str:
    """The name of a resource group."""
    made = az("group", "create", "--name", "lab", "--location", LOCATION)
    return str(made["name"])


@pytest.fixture(scope="module")
def group_id(az: Az, group: str) -> str:
    return f"/subscriptions/{az.cloud['ARM_SUBSCRIPTION_ID']}/resourceGroups/{group}"


# --- The Azure SDK for Python ------------------------------------------------------------------


@pytest.fixture(scope="module")
def environment(cloud: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """This process in front of the sandbox: what it exports is all that an SDK is told."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.items():
            patch.setenv(name, value)
        yield cloud


@pytest.fixture(scope="module")
def credential(environment: Mapping[str, str]) -> ClientSecretCredential:
    """The deployer."""
    names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET")
    return ClientSecretCredential(*(environment[name] for name in names))


@pytest.fixture(scope="module")
def subscription(environment: Mapping[str, str]) -> str:
    return environment["AZURE_SUBSCRIPTION_ID"]


@pytest.fixture(scope="module")
def resources(credential: ClientSecretCredential, subscription: str) -> ResourceManagementClient:
    """Resource Manager, with the group `lab` in it."""
    client = ResourceManagementClient(credential, subscription, polling_interval=PAUSE)
    client.resource_groups.create_or_update("lab", ResourceGroup(location=LOCATION))
    return client
