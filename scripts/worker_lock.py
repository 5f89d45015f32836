"""
What the worker image installs: requirements.lock without the sandbox and the tools of developers.

Says whether deployments/images/worker/requirements.lock is that; `--write` makes it so.
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
WHOLE = PROJECT / "requirements.lock"
PART = PROJECT / "deployments/images/worker/requirements.lock"
ENTRY = re.compile(r"^[A-Za-z0-9]", re.MULTILINE)
IMAGE = {"python_version": "3.11", "python_full_version": "3.11.14"}  # As in the Containerfile.


def entries(lock: str) -> dict[str, str]:
    """Each package with its version, its condition and its digests."""
    starts = [found.start() for found in ENTRY.finditer(lock)]
    parts = [lock[start:end] for start, end in zip(starts, [*starts[1:], len(lock)], strict=True)]
    return {canonicalize_name(re.split(r"[=\[]", part, maxsplit=1)[0]): part for part in parts}


def needed(asked: Iterable[str]) -> set[str]:
    """The packages that these requirements bring along, as installed here."""
    open_, found = [Requirement(one) for one in asked], set[tuple[str, str]]()
    while open_:
        one = open_.pop()
        for extra in ("", *sorted(one.extras)):
            key = (canonicalize_name(one.name), extra)
            if key in found:
                continue
            found.add(key)
            try:
                inner = [Requirement(text) for text in requires(one.name) or ()]
            except PackageNotFoundError:
                continue  # For another system; its own needs are for that system, too.
            here = IMAGE | {"extra": extra}
            open_ += [i for i in inner if i.marker is None or i.marker.evaluate(here)]
    return {name for name, _ in found}


def part() -> str:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    names = needed([*project["project"]["dependencies"], *project["build-system"]["requires"]])
    return "".join(text for name, text in entries(WHOLE.read_text()).items() if name in names)


def main() -> int:
    wanted = part()
    if "--write" in sys.argv[1:]:
        PART.write_text(wanted)
        return 0
    if PART.exists() and PART.read_text() == wanted:
        return 0
    sys.stdout.write(f"{PART.relative_to(PROJECT)} is old: python {sys.argv[0]} --write\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
