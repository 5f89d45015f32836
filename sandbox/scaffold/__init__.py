"""The first version of a new provider: its package, its coverage, a test, and its wiring."""

import re
from dataclasses import dataclass
from pathlib import Path

import jinja2

from sandbox.cloud.resources.metadata import NAMESPACES

TEMPLATES = Path(__file__).parent / "templates"
KIND = re.compile(r"(?P<space>[A-Z][A-Za-z]+\.(?P<provider>[A-Z][A-Za-z0-9]+))/(?P<name>[a-zA-Z]+)")
WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
VERSION = re.compile(r"\d{4}-\d\d-\d\d(-preview)?")
PLACES = (  # File, what opens the list there, and the line that joins it.
    ("sandbox/app.py", "from sandbox.cloud import (\n", "    {package},\n"),
    ("sandbox/app.py", "PROVIDERS = (\n", "    {package},\n"),
    ("sandbox/cloud/resources/metadata.py", "NAMESPACES = {{", '    "{space}": "{version}",\n'),
)


class ScaffoldError(Exception):
    """Nothing was written; the message says why, and `hint` what helps."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Made:
    """What was written, and which lines are left to a person."""

    files: tuple[Path, ...]
    left: tuple[str, ...]


def make(kind: str, version: str, project: Path) -> Made:
    """Write everything for a resource type of a provider that is new; nothing is overwritten."""
    match = KIND.fullmatch(kind)
    if match is None:
        raise ScaffoldError(
            f"{kind!r} is no resource type at the top of a provider.",
            "Write it as Microsoft.EventHub/namespaces. Types inside of it come afterwards.",
        )
    if not VERSION.fullmatch(version):
        raise ScaffoldError(f"{version!r} is no api-version.", "Write it as 2025-01-01.")
    space, name = match["space"], match["name"]
    package = WORD.sub("_", match["provider"]).lower()
    folder, test = project / "sandbox/cloud" / package, project / f"tests/sandbox/test_{package}.py"
    refuse_known(space, folder, test, project)
    words = {"kind": kind, "space": space, "name": name, "package": package, "version": version}
    files = {
        folder / "__init__.py": "init.py.jinja",
        folder / "models.py": "models.py.jinja",
        folder / "routes.py": "routes.py.jinja",
        folder / "coverage.yaml": "coverage.yaml.jinja",
        test: "test.py.jinja",
    }
    folder.mkdir(parents=True)
    for file, template in files.items():
        source = (TEMPLATES / template).read_text()
        text = jinja2.Template(source, keep_trailing_newline=True).render(words)
        file.write_text(text)
    left = [wire(project, *place, words) for place in PLACES]
    return Made(tuple(files), tuple(line for line in left if line))


def refuse_known(space: str, folder: Path, test: Path, project: Path) -> None:
    known = next((one for one in NAMESPACES if one.lower() == space.lower()), "")
    if known:
        routes = sorted((project / "sandbox/cloud").glob("*/routes.py"))
        home = next((one for one in routes if f'"{known}/' in one.read_text()), None)
        where = f"the TYPES of {home.relative_to(project)}" if home else "its routes.py"
        raise ScaffoldError(
            f"The sandbox has {known} already.", f"Add a ResourceType to {where}, and its tests."
        )
    for path in (folder, test):
        if path.exists():
            raise ScaffoldError(f"{path} exists already.", "Move it away first.")


def wire(project: Path, file: str, opening: str, line: str, words: dict[str, str]) -> str:
    """Add a line to a sorted list; what to add by hand where that list is not found."""
    opening, addition = opening.format(), line.format(**words)
    path = project / file
    text = path.read_text()
    at = text.find(opening)
    if at < 0:
        return f"{file}, after {opening.strip()!r}: {addition.strip()}"
    start = text.index("\n", at) + 1
    end = start
    while (stop := text.find("\n", end)) >= 0 and text[end : stop + 1].startswith("    "):
        if text[end : stop + 1] > addition:
            break
        end = stop + 1
    path.write_text(text[:end] + addition + text[end:])
    return ""
