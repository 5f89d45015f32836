"""SANDBOX_PROVIDER: where the real provider is looked for, what is refused, how it is laid out."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from sandbox.state import SandboxError, State
from sandbox.terraform_provider import mirror
from sandbox.terraform_provider.real import Provider, UnusableError, find

HERE = "linux_amd64"
NAME = "terraform-provider-azurerm_v5.2.3_x5"
REQUIREMENT = """\
terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 5.2" }
  }
}
"""


def program(folder: Path, name: str = NAME, text: str = "#!/bin/sh\n", mode: int = 0o755) -> Path:
    """A file that looks like a provider from outside."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def archive(folder: Path, inside: Path, place: str = "") -> Path:
    file = folder / f"terraform-provider-azurerm_5.2.3_{place or mirror.host()}.zip"
    with zipfile.ZipFile(file, "w") as made:
        made.write(inside, inside.name)
    return file


def test_a_program_is_found_by_its_path(tmp_path: Path) -> None:
    file = program(tmp_path)

    assert find(file, HERE) == Provider(file, "5.2.3")


def test_the_newest_that_fits_is_found_in_a_mirror(tmp_path: Path) -> None:
    layout = "registry.terraform.io/hashicorp/azurerm/{}/linux_amd64/terraform-provider-azurerm_v{}"
    for version in ("4.57.0", "5.2.0", "5.2.10", "5.2.9"):
        program(tmp_path, layout.format(version, version))

    assert find(tmp_path, HERE).version == "5.2.10"


@pytest.mark.parametrize(
    ("name", "mode", "message"),
    [
        ("terraform-provider-azurerm_v5.2.3_x5", 0o644, "is not executable"),
        ("terraform-provider-azuread_v5.2.3_x5", 0o755, "is the provider azuread, not azurerm"),
        ("terraform-provider-azurerm_v4.57.0_x5", 0o755, "is azurerm 4.57.0"),
        ("terraform-provider-azurerm", 0o755, "is not named like a provider"),
    ],
)
def test_what_cannot_be_used_is_told_with_a_way_out(
    tmp_path: Path, name: str, mode: int, message: str
) -> None:
    file = program(tmp_path, name, mode=mode)

    with pytest.raises(UnusableError, match=message) as refused:
        find(file, HERE)

    assert refused.value.hint


def test_a_program_of_another_system_is_refused(tmp_path: Path) -> None:
    file = program(tmp_path, text="MZ, as a program of Windows begins")

    with pytest.raises(UnusableError, match="no program for this machine"):
        find(file, HERE)


def test_an_archive_of_another_machine_is_refused(tmp_path: Path) -> None:
    file = archive(tmp_path, program(tmp_path / "inside"), "plan9_mips")

    with pytest.raises(UnusableError, match="is for plan9_mips"):
        find(file, HERE)


def test_an_empty_folder_is_refused_with_what_it_should_hold(tmp_path: Path) -> None:
    with pytest.raises(UnusableError, match="there is no provider") as refused:
        find(tmp_path, HERE)

    assert "terraform-provider-azurerm_v5.2.0_x5" in refused.value.hint


def test_a_sandbox_with_a_wrong_provider_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_PROVIDER", str(tmp_path / "nowhere"))

    with pytest.raises(SandboxError, match="does not exist"):
        State(tmp_path).install_provider()


def test_the_sandbox_tells_which_provider_terraform_gets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, state = program(tmp_path / "real"), State(tmp_path / "state")
    state.folder.mkdir()
    monkeypatch.setenv("SANDBOX_PROVIDER", str(file))
    state.install_provider()
    real = state.provider()
    monkeypatch.delenv("SANDBOX_PROVIDER")
    state.install_provider()

    assert (real, state.provider()) == (f"the real provider, {file}", "the stand-in for 5.2.0")


@pytest.mark.parametrize("packed", [False, True], ids=["program", "archive"])
def test_terraform_installs_it_from_the_mirror_and_forgets_the_stand_in(
    tmp_path: Path, *, packed: bool
) -> None:
    """The stand-in's launcher plays the real provider: Terraform asks it for its schema."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    folder = tmp_path / "mirror"
    mirror.install(folder)
    given = program(tmp_path / "given", text=mirror.launcher(folder))
    path = archive(tmp_path / "given", given) if packed else given
    config = mirror.cli_config(tmp_path, mirror.install(folder, find(path, mirror.host())))
    (tmp_path / "main.tf").write_text(REQUIREMENT)

    def terraform(*arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments, "-no-color"],
            cwd=tmp_path,
            env={**os.environ, "TF_CLI_CONFIG_FILE": str(config), "CHECKPOINT_DISABLE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    installed = terraform("init", "-input=false")
    schema = terraform("providers", "schema", "-json")

    assert "Installing hashicorp/azurerm v5.2.3" in installed
    assert "azurerm_resource_group" in schema
