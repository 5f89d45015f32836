"""Where a postmaster listens: a place that nobody else could have prepared."""

import os
import tempfile
from pathlib import Path

import pytest

from sandbox.engines.postgresql.engine import Engine
from sandbox.engines.postgresql.errors import EngineError
from sandbox.engines.postgresql.process import Postmaster

STRANGER = 12345


@pytest.fixture
def postmaster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Postmaster:
    """One whose folder has so long a path that its socket lies in the system's shared place."""
    shared, folder = tmp_path / "shared", tmp_path / ("long" * 30)
    shared.mkdir()
    (folder / "data").mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    found = Postmaster(Engine(tmp_path / "engine"), folder)
    assert found.sockets.parent == shared
    return found


def test_a_folder_that_others_enter_is_refused(postmaster: Postmaster) -> None:
    postmaster.sockets.mkdir()
    postmaster.sockets.chmod(0o755)

    with pytest.raises(EngineError, match="is not a folder that only this user enters"):
        postmaster.spawn()


def test_a_link_to_elsewhere_is_refused(postmaster: Postmaster, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    postmaster.sockets.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(EngineError, match="is not a folder that only this user enters"):
        postmaster.spawn()


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root gives files away.")
def test_a_folder_of_somebody_else_is_refused(postmaster: Postmaster) -> None:
    postmaster.sockets.mkdir(mode=0o700)
    os.chown(postmaster.sockets, STRANGER, -1)

    with pytest.raises(EngineError, match="is not a folder that only this user enters"):
        postmaster.spawn()

    assert postmaster.sockets.stat().st_uid == STRANGER
