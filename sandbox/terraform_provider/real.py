"""The real provider, where somebody has it: found by a path, and checked before Terraform is."""

import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.terraform_provider import catalog

VARIABLE = "SANDBOX_PROVIDER"
SERIES = catalog.VERSION.rpartition(".")[0]
PROGRAM = re.compile(r"terraform-provider-(?P<name>[a-z0-9-]+)_v(?P<version>\d+\.\d+\.\d+)(_x\d)?")
ARCHIVE = re.compile(
    r"terraform-provider-(?P<name>[a-z0-9-]+)_(?P<version>\d+\.\d+\.\d+)_(?P<place>\w+)\.zip"
)
MAGIC = {"linux": (b"\x7fELF",), "darwin": (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")}


class UnusableError(Exception):
    """What a path leads to is not a provider that the sandbox can lead Terraform to."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Provider:
    """A program, or the archive in which the registry delivers it."""

    path: Path
    version: str

    @property
    def packed(self) -> bool:
        return self.path.suffix == ".zip"


def chosen(host: str) -> Provider | None:
    """The provider that the environment names for this machine; None for the stand-in."""
    wanted = os.environ.get(VARIABLE, "").strip()
    return find(Path(wanted).expanduser(), host) if wanted else None


def find(path: Path, host: str) -> Provider:
    """The provider at a path: a program, an archive, or a folder such as a mirror with one."""
    if not path.exists():
        raise UnusableError(
            f"{VARIABLE} names {path}, which does not exist.",
            "Name the provider's program or zip, or a folder that holds it.",
        )
    return newest(path, host) if path.is_dir() else checked(path.resolve(), host)


def newest(folder: Path, host: str) -> Provider:
    """The highest fitting version below a folder; what is wrong with the last one, if none is."""
    fitting, wrong = [], None
    for path in candidates(folder):
        try:
            fitting.append(checked(path, host))
        except UnusableError as error:
            wrong = error
    if fitting:
        return max(fitting, key=lambda one: [int(part) for part in one.version.split(".")])
    raise wrong or UnusableError(
        f"{VARIABLE} names {folder}, in which there is no provider.",
        f"It must hold a file like terraform-provider-azurerm_v{catalog.VERSION}_x5, or a mirror "
        "such as `terraform providers mirror` writes.",
    )


def candidates(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("terraform-provider-*")):
        if path.is_file() and (PROGRAM.fullmatch(path.name) or ARCHIVE.fullmatch(path.name)):
            yield path.resolve()


def checked(path: Path, host: str) -> Provider:
    """A file that Terraform can start here, as far as can be seen without starting it."""
    match = PROGRAM.fullmatch(path.name) or ARCHIVE.fullmatch(path.name)
    if match is None:
        raise UnusableError(
            f"{path} is not named like a provider.",
            f"Terraform's names end in the version: terraform-provider-azurerm_v{catalog.VERSION} "
            f"or terraform-provider-azurerm_{catalog.VERSION}_{host}.zip.",
        )
    if match["name"] != "azurerm":
        raise UnusableError(
            f"{path} is the provider {match['name']}, not azurerm.",
            "The sandbox is Azure: other providers come from where Terraform finds them.",
        )
    if not match["version"].startswith(f"{SERIES}."):
        raise UnusableError(
            f"{path} is azurerm {match['version']}; the sandbox answers what {SERIES} asks for.",
            f"Take a release {SERIES}.x, or unset {VARIABLE} to use the stand-in.",
        )
    check_archive(path, match["place"], host) if path.suffix == ".zip" else check_program(path)
    return Provider(path, match["version"])


def check_archive(path: Path, place: str, host: str) -> None:
    if place != host:
        raise UnusableError(f"{path} is for {place}.", f"This machine is {host}.")
    if not zipfile.is_zipfile(path):
        raise UnusableError(f"{path} is no zip archive.", "Download it again.")


def check_program(path: Path) -> None:
    if not os.access(path, os.X_OK):
        raise UnusableError(f"{path} is not executable.", f"chmod +x {path}")
    with path.open("rb") as file:
        start = file.read(4)
    known = MAGIC.get(os.uname().sysname.lower(), ())
    if known and start not in known and not start.startswith(b"#!"):
        raise UnusableError(
            f"{path} is no program for this machine.", "Take the release for this system."
        )
