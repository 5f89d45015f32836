"""Programs of others, in virtual environments of their own."""

from pathlib import Path

import pytest

from scripts import apart

CHECKOV = Path(__file__).parents[2] / "scripts/checkov.lock"


def test_what_cannot_be_checked_by_digest_is_not_installed(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    lock.write_text("checkov==3.3.30\n")

    with pytest.raises(apart.UnavailableError, match="hash"):
        apart.install("checkov", lock, tmp_path)

    assert not (tmp_path / "checkov/installed").exists()


def test_the_lock_file_of_checkov_names_no_index() -> None:
    lines = CHECKOV.read_text().splitlines()

    assert any(line.startswith("checkov==") for line in lines)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
