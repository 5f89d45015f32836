"""The script behind the smoke test, in front of a helm and a kubectl that tell what was asked."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.cluster import SCRIPTS

HELM = """#!/bin/sh
echo "helm $*" >> "$FOLDER/asked"
case "$*" in
  *--filter*) touch "$FOLDER/jobs/supabase-database-verify" ;;
  *)
    [ "$WRONG" = everything ] && exit 1
    touch "$FOLDER/jobs/supabase-test"
    [ "$WRONG" = checks ] && exit 1
    touch "$FOLDER/jobs/supabase-database-verify" ;;
esac
"""
KUBECTL = """#!/bin/sh
echo "kubectl $*" >> "$FOLDER/asked"
job=${2#job/}
case $1 in
  get) ls "$FOLDER/jobs" ;;
  delete) rm "$FOLDER/jobs/$job" ;;
  logs)
    [ -e "$FOLDER/jobs/$job" ] || { echo "no $job" >&2; exit 1; }
    cat "$FOLDER/jobs/$job"
    [ "$job" = supabase-test ] || { echo "log of $job"; exit; }
    echo '{"check": "fresh", "ok": true}' ;;
esac
"""


@dataclass(frozen=True)
class Cluster:
    """A release whose last tests have left their jobs."""

    folder: Path

    def verify(self, wrong: str = "") -> tuple[str, dict[str, Any]]:
        """What the script said on its way, and its answer."""
        done = subprocess.run(
            ["bash", "-c", ". ./prelude.sh; . ./verify.sh"],
            cwd=SCRIPTS,
            env={
                "PATH": f"{self.folder}:{os.environ['PATH']}",
                "TMPDIR": str(self.folder),
                "FOLDER": str(self.folder),
                "WRONG": wrong,
                "RELEASE": "supabase",
                "NAMESPACE": "supabase",
                "HELM_TIMEOUT": "60",
            },
            capture_output=True,
            text=True,
            check=True,
        )
        said, _, answer = done.stdout.partition("::answer")
        return said, json.loads(answer)


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    (tmp_path / "jobs").mkdir()
    for job in ("supabase-test", "supabase-database-verify"):
        (tmp_path / "jobs" / job).write_text('{"check": "of the last run", "ok": true}\n')
    for name, text in (("helm", HELM), ("kubectl", KUBECTL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return Cluster(tmp_path)


def test_the_answers_of_the_tests_come_back(cluster: Cluster) -> None:
    said, answer = cluster.verify()

    assert answer == {"code": 0, "checks": [{"check": "fresh", "ok": True}]}
    assert "log of supabase-database-verify" in said


def test_an_earlier_run_never_answers_for_one_that_did_not_begin(cluster: Cluster) -> None:
    said, answer = cluster.verify("everything")

    assert answer == {"code": 1, "checks": []}
    assert "of the last run" not in said


def test_the_other_tests_tell_why_the_clients_failed(cluster: Cluster) -> None:
    said, answer = cluster.verify("checks")

    assert answer == {"code": 1, "checks": [{"check": "fresh", "ok": True}]}
    assert "log of supabase-database-verify" in said
    (again,) = (line for line in cluster.folder.joinpath("asked").open() if "--filter" in line)
    assert "!name=supabase-test" in again
