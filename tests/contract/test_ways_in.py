"""How clients come to the sandbox, and to nothing else; how tests come to real Azure."""

import os
import subprocess
import sys
from collections.abc import Mapping

from tests.contract.conftest import NEEDED, Cloud

ASK = """
from azure.identity import EnvironmentCredential
print(len(EnvironmentCredential().get_token("https://management.azure.com/.default").token) > 100)
"""
OWN_SETTINGS = {
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "microsoftonline.com,azure.com",
    "CURL_CA_BUNDLE": "/etc/ssl/certs/ca-certificates.crt",
}


def said(command: list[str], environment: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command, env={**environment}, capture_output=True, text=True, check=False, timeout=60
    )
    return ended.stdout + ended.stderr


def test_the_proxies_of_a_machine_give_way_to_the_sandbox(prompt_sandbox: Cloud) -> None:
    environment = {**os.environ, **OWN_SETTINGS, **prompt_sandbox.environment}

    python = said([sys.executable, "-c", ASK], environment)
    curl = said(["curl", "-sS", "https://management.azure.com/metadata/endpoints"], environment)

    assert python == "True\n"
    assert '"resourceManager":"https://management.azure.com/"' in curl


def test_a_host_that_is_not_simulated_is_never_dialled(prompt_sandbox: Cloud) -> None:
    environment = {**os.environ, **prompt_sandbox.environment}

    answer = said(["curl", "-sSv", "https://www.example.com"], environment)

    assert "403 The sandbox does not simulate www.example.com" in answer


def test_asking_real_azure_without_its_variables_fails_and_names_them() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in NEEDED}

    told = said(
        [sys.executable, "-m", "pytest", __file__.replace("ways_in", "entra"), "-m", "azure"],
        environment,
    )

    assert all(f"{name}: {meaning}" in told for name, meaning in NEEDED.items())
    assert "error" in told
    assert "passed" not in told
    assert "skipped" not in told
