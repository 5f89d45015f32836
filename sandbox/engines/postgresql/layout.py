"""
A PostgreSQL of this machine, laid out anew with links.

The programs find libraries and extensions relative to themselves, so a copy of `postgres` in a tree
of links has extensions of its own while nothing of the real one is edited.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sandbox.engines.postgresql.account import account
from sandbox.engines.postgresql.errors import EngineError

PROGRAMS = ("postgres", "initdb")
DEADLINE = 60.0  # Seconds for one program.
TRUSTED = re.compile(r"^\s*trusted\s*=\s*true", re.MULTILINE)
ABSENT = """\
DO $$
BEGIN
  RAISE feature_not_supported USING
    MESSAGE = 'extension "{name}" is on Azure, but the PostgreSQL of this sandbox lacks it',
    HINT = 'Give the sandbox a PostgreSQL that has it: SANDBOX_POSTGRESQL names its bin folder.';
END
$$;
"""


def lay_out(binaries: Path, root: Path, catalogue: Iterable[str]) -> Path:
    """Mirror an installation below a folder; return the mirrored folder of programs."""
    home = binaries.parent
    mirrored = root / home.relative_to(home.anchor)
    programs = mirrored / binaries.name
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        duplicate((binaries / name).resolve(), programs / name)
    aliases = home / "pg-symlinks.json"
    for beside in home.iterdir():
        if beside.name == "lib" and aliases.exists():
            link_libraries(beside, mirrored / "lib", aliases)
        elif beside.is_dir() and beside.name not in (binaries.name, "share"):
            (mirrored / beside.name).symlink_to(beside)
    share = shared(programs)
    if share.is_relative_to(root):  # Otherwise its extensions stay as they are.
        link_share(Path(share.anchor) / share.relative_to(root), share, catalogue)
    return programs


def duplicate(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # Another disk, or somebody else's file.
        shutil.copy2(source, target)


def link_libraries(source: Path, target: Path, aliases: Path) -> None:
    """
    Link libraries under all their names: npm packages hold no links, but a list of them.

    Folders are made anew, since what lies in them looks for others relative to itself.
    """
    for entry in source.rglob("*"):
        if entry.is_file():
            place = target / entry.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(entry)
    for pair in json.loads(aliases.read_text()):
        alias = target / Path(pair["target"]).name
        if not os.path.lexists(alias):
            alias.symlink_to(source / Path(pair["source"]).name)


def shared(programs: Path) -> Path:
    """Where a laid out engine looks for its extensions."""
    said = run(programs / "initdb", "--show", "--pgdata", os.devnull)
    found = re.search(r"^share_path=(.+)$", said, re.MULTILINE)
    if found is None:
        raise EngineError(f"{programs / 'initdb'} does not say where its files are: {said[:500]}")
    return Path(found[1])


def link_share(source: Path, target: Path, catalogue: Iterable[str]) -> None:
    """The shared files as they are, and the extensions as Azure has them."""
    (target / "extension").mkdir(parents=True)
    for entry in source.iterdir():
        if entry.name != "extension":
            (target / entry.name).symlink_to(entry)
    for entry in (source / "extension").iterdir():
        (target / "extension" / entry.name).symlink_to(entry)
    for name in catalogue:
        offer(target / "extension", name)


def offer(folder: Path, name: str) -> None:
    """Let Azure's administrator create an extension, or be told that it is not here."""
    control = folder / f"{name}.control"
    if not control.exists():
        control.write_text("comment = 'missing in this sandbox'\ndefault_version = '0'\n")
        with control.open("a") as file:
            file.write("trusted = true\n")
        (folder / f"{name}--0.sql").write_text(ABSENT.format(name=name))
        return
    text = control.read_text()
    if not TRUSTED.search(text):
        control.unlink()
        control.write_text(f"{text}\ntrusted = true\n")


def run(program: Path, *arguments: str, given: str = "") -> str:
    """Run a program of the engine as its account; what it prints, or what went wrong."""
    done = subprocess.run(  # noqa: TID251  # The product's shell is not the sandbox's.
        [*account().before, str(program), *arguments],
        input=given,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    if done.returncode:
        raise EngineError(f"{program.name} fails: {done.stderr.strip()[-1000:]}")
    return done.stdout + done.stderr
