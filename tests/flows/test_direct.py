"""`access: direct`: a worker inside the network needs no run-command; one outside is told so."""

import os
import shlex
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.cloud.container_service import toolbox
from tasks.direct import Direct
from tasks.errors import NotReadyError, RefusedError
from tests.flows.conftest import Place, free_port

pytestmark = [pytest.mark.flows, pytest.mark.long]
CLUSTER = "supabase-sandbox-aks"


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


@pytest.fixture(scope="module")
def deployed(deployed: Place) -> Place:
    """An environment that was built from outside, and is reached directly from now on."""
    deployed.environment("sandbox", access="direct")
    return deployed


@pytest.fixture(scope="module")
def inside(deployed: Place) -> dict[str, str]:
    """The variables of a worker in the cluster's network, with helm on its PATH."""
    programs = deployed.folder / "programs"
    programs.mkdir()
    toolbox.install_helm(programs)
    printed = deployed.sandbox("env", "--inside", CLUSTER)
    words = [word for word in shlex.split(printed) if word != "export"]
    path = f"{programs}{os.pathsep}{deployed.variables['PATH']}"
    return dict(word.split("=", 1) for word in words) | {"PATH": path}


def commands(place: Place) -> list[dict[str, Any]]:
    return [one for one in place.requests() if one["path"].endswith("/runCommand")]


def test_inside_the_network_the_platform_is_verified_without_run_command(
    deployed: Place, inside: dict[str, str]
) -> None:
    before = len(commands(deployed))

    ended = deployed.run("verify", "--environment", "sandbox", **inside)

    assert ended.code == 0, ended.text
    assert "checks hold" in ended.text
    assert len(commands(deployed)) == before


def test_inside_the_network_an_unchanged_release_is_left_alone(
    deployed: Place, inside: dict[str, str]
) -> None:
    ended = deployed.run("release", "--environment", "sandbox", **inside)

    assert ended.code == 0, ended.text
    assert "Release supabase: unchanged." in ended.text


def test_inside_the_network_a_changed_release_is_brought(
    deployed: Place, inside: dict[str, str]
) -> None:
    deployed.environment("sandbox", access="direct", hostname="other.sandbox.internal")
    before = len(commands(deployed))

    ended = deployed.run("release", "--environment", "sandbox", **inside)

    assert ended.code == 0, ended.text
    assert "Release supabase: deployed." in ended.text
    assert len(commands(deployed)) == before


@pytest.fixture
def unproxied(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def kubeconfig(folder: Path, server: str) -> Path:
    cluster = {"name": "c", "cluster": {"server": server}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    user = {"name": "u", "user": {"token": "t"}}
    content = {"clusters": [cluster], "contexts": [context], "users": [user]}
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content | {"current-context": "c"}))
    return path


def test_a_private_name_that_means_nothing_here_is_not_worth_another_try(
    tmp_path: Path, unproxied: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    unproxied.setattr(socket, "getaddrinfo", unknown)
    file = kubeconfig(tmp_path, "https://lab.privatelink.westeurope.azmk8s.io:443")

    with pytest.raises(RefusedError, match="API server of aks does not answer here"):
        Direct("subscription", "group", "aks")._reach(file)


@pytest.mark.usefixtures("unproxied")
def test_a_server_that_refuses_the_connection_may_answer_soon(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, f"https://127.0.0.1:{free_port()}")

    with pytest.raises(NotReadyError, match="API server of aks does not answer here"):
        Direct("subscription", "group", "aks")._reach(file)


def test_outside_of_the_network_the_error_says_where_to_run(
    deployed: Place, inside: dict[str, str]
) -> None:
    ended = deployed.run("verify", "--environment", "sandbox", PATH=inside["PATH"])

    assert ended.code == 1
    assert f"The API server of {CLUSTER} does not answer here" in ended.text
    assert "is private: it is reached from inside its virtual network" in ended.text
    assert "AwaitingRetry" not in ended.text
    assert "Run on a worker inside the network, or use `access: run-command`." in ended.text
