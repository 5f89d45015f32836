"""Each stack and each module: formatted, valid, documented, and true to its own tests."""

import re

import pytest

from tests.terraform.conftest import FOLDERS, SOURCE, Terraform

DECLARATION = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def declarations(folder: str) -> list[tuple[str, str, str]]:
    """Kind, name and text of each variable and output."""
    texts = [path.read_text() for path in sorted((SOURCE / folder).glob("*.tf"))]
    return [found for text in texts for found in DECLARATION.findall(text)]


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
def test_every_variable_and_output_is_described(folder: str) -> None:
    silent = [
        f"{kind}.{name}"
        for kind, name, text in declarations(folder)
        if not re.search(r'^  description = ".{10,}"$', text, re.MULTILINE)
    ]

    assert silent == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_versions_have_an_upper_bound(folder: str) -> None:
    text = (SOURCE / folder / "terraform.tf").read_text()

    assert re.findall(r'version\s+= "(.*)"', text) == [">= 1.11, < 2.0", "~> 5.2"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_output_carries_a_secret(folder: str) -> None:
    carriers = [
        name
        for kind, name, text in declarations(folder)
        if kind == "output" and re.search(r"sensitive|ephemeral|\w+_(key|password|string)\b", text)
    ]

    assert carriers == []


def test_a_stack_holds_only_what_its_title_says() -> None:
    own = {
        path: re.findall(r'^resource "(\w+)"', path.read_text(), re.MULTILINE)
        for path in sorted(SOURCE.glob("[fp]*/*.tf"))
    }

    assert [kind for kinds in own.values() for kind in kinds] == [
        "azurerm_resource_group",
        "azurerm_management_lock",
    ]
