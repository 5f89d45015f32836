"""Programs on PATH that answer as told, so that the code under test is the production code."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest

FAKE_TOOL = """\
#!{python}
import json, os, pathlib, sys, time
here = pathlib.Path(__file__)
reply = json.loads(here.with_suffix(".json").read_text()).get(sys.argv[1], {{}})
with (here.parent / "calls.jsonl").open("a") as log:
    log.write(json.dumps([here.name, *sys.argv[1:]]) + "\\n")
sys.stdout.write(reply.get("out", ""))
sys.stdout.flush()
sys.stderr.write(reply.get("err", ""))
time.sleep(reply.get("sleep", 0))
sys.exit(reply.get("code", 0))
"""


class Tools:
    """Programs on PATH that record how they are called and answer as told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, **replies: dict[str, object]) -> None:
        """Answer `name <verb>` with the out, err, code and sleep given for that verb."""
        program = self.folder / name
        program.write_text(FAKE_TOOL.format(python=sys.executable))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        program.with_suffix(".json").write_text(json.dumps(replies))

    @property
    def calls(self) -> list[list[str]]:
        record = self.folder / "calls.jsonl"
        return [json.loads(line) for line in record.read_text().splitlines()]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return Tools(tmp_path)
