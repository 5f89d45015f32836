"""How the tests come by azure-cli."""

from pathlib import Path

import pytest

from tests.clients import azure_cli


def test_what_cannot_be_checked_by_digest_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = tmp_path / "lock"
    lock.write_text("azure-cli==2.91.0\n")
    monkeypatch.setattr(azure_cli, "LOCK", lock)
    monkeypatch.setattr(azure_cli, "HOME", tmp_path / "azure-cli")

    with pytest.raises(azure_cli.UnavailableError, match="hash"):
        azure_cli.install()

    assert not (tmp_path / "azure-cli" / "installed").exists()


def test_the_lock_file_names_no_index() -> None:
    lines = azure_cli.LOCK.read_text().splitlines()

    assert any(line.startswith("azure-cli==2.91.0") for line in lines)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
