"""Each stack and each module: formatted, valid, and true to its own tests."""

import re

import pytest

from tests.terraform.conftest import FOLDERS, SOURCE, Terraform


def test_every_file_is_in_terraforms_own_format(terraform: Terraform) -> None:
    misformatted = terraform(".", "fmt", "-check", "-recursive", "-list=true", accept=(0, 3))

    assert misformatted == ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_code_is_valid_and_keeps_its_promises(terraform: Terraform, folder: str) -> None:
    terraform.init(folder)

    verdict = terraform.json(folder, "validate", "-json")
    report = terraform(folder, "test", "-no-color", accept=(0, 1))

    assert verdict["diagnostics"] == []
    assert re.search(r"^Success! [1-9]\d* passed, 0 failed\.$", report, re.MULTILINE), report


@pytest.mark.parametrize("folder", FOLDERS)
def test_versions_have_an_upper_bound(folder: str) -> None:
    text = (SOURCE / folder / "terraform.tf").read_text()

    assert re.findall(r'version\s+= "(.*)"', text) == [">= 1.11, < 2.0", "~> 5.2"]


def test_a_stack_holds_only_what_its_title_says() -> None:
    own = {
        path: re.findall(r'^resource "(\w+)"', path.read_text(), re.MULTILINE)
        for path in sorted(SOURCE.glob("[fp]*/*.tf"))
    }

    assert [kind for kinds in own.values() for kind in kinds] == [
        "azurerm_resource_group",
        "azurerm_management_lock",
    ]
