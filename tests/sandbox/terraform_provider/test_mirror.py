"""Terraform finds the stand-in, and only it."""

import base64
import os
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.terraform_provider import certificate, mirror


def program(folder: Path) -> Path:
    return next(folder.rglob("terraform-provider-azurerm_v5.2.0"))


def test_the_launcher_is_where_terraform_looks_for_it(tmp_path: Path) -> None:
    made = mirror.install(tmp_path / "mirror")

    version = made / "registry.terraform.io/hashicorp/azurerm/5.2.0"
    assert program(made).parent == version / mirror.host()
    assert os.access(program(made), os.X_OK)


def test_a_second_install_changes_nothing(tmp_path: Path) -> None:
    made = mirror.install(tmp_path)
    before = program(made).read_bytes(), (tmp_path / "plugin.pem").read_bytes()

    mirror.install(tmp_path)

    assert (program(made).read_bytes(), (tmp_path / "plugin.pem").read_bytes()) == before


def test_nothing_but_the_launcher_is_in_the_package(tmp_path: Path) -> None:
    folder = program(mirror.install(tmp_path)).parent

    assert len(list(folder.iterdir())) == 1


def test_the_key_is_its_owners(tmp_path: Path) -> None:
    mirror.install(tmp_path)

    assert stat.S_IMODE((tmp_path / "plugin.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "linux_amd64"),
        ("linux", "aarch64", "linux_arm64"),
        ("darwin", "arm64", "darwin_arm64"),
        ("darwin", "x86_64", "darwin_amd64"),
    ],
)
def test_the_machine_has_terraforms_name(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, expected: str
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)

    assert mirror.host() == expected


def test_only_azurerm_comes_from_the_mirror(tmp_path: Path) -> None:
    text = mirror.cli_config(tmp_path, tmp_path / "mirror").read_text()

    assert f'path    = "{tmp_path}/mirror"' in text
    assert text.count('["hashicorp/azurerm"]') == 2


def test_started_by_hand_it_says_what_it_is(tmp_path: Path) -> None:
    launcher = program(mirror.install(tmp_path))

    done = subprocess.run([launcher], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "This is a plugin of Terraform" in done.stderr


def test_the_handshake_carries_the_certificate_alone() -> None:
    line = certificate.handshake_form(certificate.create())

    carried = x509.load_der_x509_certificate(base64.b64decode(line + "=" * (-len(line) % 4)))
    assert carried.subject.rfc4514_string() == "CN=localhost"
