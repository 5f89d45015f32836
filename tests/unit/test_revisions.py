"""What the releases are told of secrets: revisions of their own, and who may read the vault."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from flows import configure, release
from tasks import environment
from tasks.errors import ConfigError

SANDBOX = environment.load("sandbox")


def told(path: Path, **platform: Any) -> environment.Environment:
    """The sandbox's environment with values of its own for the platform chart."""
    path.write_text(yaml.safe_dump({"platform": platform}))
    return SANDBOX.model_copy(update={"values": str(path)})


def test_the_nodes_are_refused_as_readers_of_the_vault(tmp_path: Path) -> None:
    wanted = told(tmp_path / "values.yaml", identity="kubelet")

    with pytest.raises(ConfigError, match="nodes get no role on the vault"):
        configure.own_reader(wanted)


def test_a_reader_of_its_own_is_fine(tmp_path: Path) -> None:
    configure.own_reader(told(tmp_path / "values.yaml", identity="workload"))
    configure.own_reader(SANDBOX)


def test_each_chart_is_told_of_its_own_secrets_only() -> None:
    revisions = {"s3proxy": "a", "supabase-auth": "b", "supabase-rest": "c"}

    assert release.read_by("s3proxy", revisions) == {"s3proxy": "a"}
    assert release.read_by("supabase", revisions) == {"supabase-auth": "b", "supabase-rest": "c"}
