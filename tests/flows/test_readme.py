"""The README's commands, as written, in a fresh clone."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.conftest import PROJECT, Ended, free_port

pytestmark = [pytest.mark.flows, pytest.mark.timeout(900)]
PATIENCE = 400  # Seconds for one command on a loaded machine.
FOREIGN = ("ARM_", "AZURE_", "MAKE", "PREFECT_", "SUPABASE_", "TF_")
LEADING = {"ENVIRONMENT", "MFLAGS", "PYTHON"}  # What else would lead `make` elsewhere.


def commands() -> list[str]:
    """What the README tells to type, without the remarks."""
    chapter = (PROJECT / "README.md").read_text().partition("\n## Two commands\n")[2]
    block = chapter.partition("\n```bash\n")[2].partition("\n```\n")[0]
    return [line.partition("#")[0].strip() for line in block.splitlines()]


class Clone:
    """A fresh clone on ports of its own, whose set-up is borrowed from the installed packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "clone"
        self.ports = {"prefect": free_port(), "sandbox": free_port()}
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(self.folder)], check=True)
        borrowed = self.folder / ".venv"
        borrowed.mkdir()
        for entry in Path(sys.prefix).iterdir():
            if entry.name != ".ready":
                (borrowed / entry.name).symlink_to(entry)
        (borrowed / ".ready").touch()  # Newer than the lock, so there is nothing to set up.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN) and name not in LEADING
        }
        self.variables = inherited | {
            "PREFECT_PORT": str(self.ports["prefect"]),
            "SANDBOX_OPTIONS": f"--profile typical --scale 0.01 --port {self.ports['sandbox']}",
            "PYTHONPATH": str(self.folder),  # The borrowed packages know the original tree.
        }

    def run(self, command: str) -> Ended:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ended(done.returncode, done.stdout)

    def listening(self) -> list[str]:
        """What still holds its port."""
        found = []
        for name, port in self.ports.items():
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    found.append(name)
        return found


@pytest.fixture
def clone(tmp_path: Path) -> Iterator[Clone]:
    made = Clone(tmp_path)
    yield made
    made.run("make down")


def test_the_readme_names_the_demo_the_tests_and_how_to_stop() -> None:
    known = (PROJECT / "Makefile").read_text()

    assert commands() == ["make demo", "make test"]
    assert "`make down` stops it" in (PROJECT / "README.md").read_text()
    for target in ("demo", "test", "down"):
        assert f"\n{target}: " in known


@pytest.mark.long
def test_a_fresh_clone_deploys_deploys_again_and_goes_away(clone: Clone) -> None:
    demo = commands()[0]

    first = clone.run(demo)
    second = clone.run(demo)
    leaks = clone.run("make leaks")
    up = clone.listening()
    down = clone.run("make down")

    assert first.code == 0, first.text
    assert re.search(r"All \d\d checks hold", first.text)
    stop = f"(stop everything: make down PREFECT_PORT={clone.ports['prefect']})"
    for said in ("Whole report and picture: .work/", stop):
        assert said in first.text
    assert f"Prefect UI: http://127.0.0.1:{clone.ports['prefect']}" in first.text
    assert second.code == 0, second.text
    for said in ("foundation: nothing to change", "platform: nothing to change"):
        assert said in second.text
    assert set(re.findall(r"Release [a-z0-9-]+: (\w+)", second.text)) == {"unchanged"}
    assert "Nothing had to change." in " ".join(second.text.split())  # However wide the page.
    assert leaks.code == 0, leaks.text
    assert re.search(r"(?m)^0 leaks, .* [1-9]\d+ values of https://\S+ in [1-9]", leaks.text)
    assert up == ["prefect", "sandbox"]
    assert down.code == 0, down.text
    assert "The sandbox is down." in down.text
    assert clone.listening() == []
