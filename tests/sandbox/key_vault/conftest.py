"""A vault, and somebody who may use its secrets."""

from typing import Any

import pytest

from tests.sandbox.conftest import Azure

VAULT = "Microsoft.KeyVault/vaults/lab-kv"


@pytest.fixture
def officer(azure: Azure) -> Azure:
    """The deployer, who may do anything to the secrets of `lab-kv`."""
    azure.grant("Key Vault Secrets Officer", azure.identity.object, azure.new_vault())
    return azure


def inner(answer: Any) -> str:
    return str(answer.json()["error"]["innererror"]["code"])
