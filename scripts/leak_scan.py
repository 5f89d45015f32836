"""
Look for every value that a vault holds, older versions too, where none of them belongs.

    python scripts/leak_scan.py --environment NAME [PATH ...]

Searched are the environment's files below .work (state, plans, reports), the local Prefect (server
database, results, logs), the command lines of all programs that run now, and further files or
folders. Values are looked for as they are, in URLs, in JSON, in HTML and in base64, also inside of
archives and databases. They stay in memory: what is found is told by name and file.
"""

import argparse
import base64
import gzip
import html
import io
import json
import os
import re
import sqlite3
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

from azure.keyvault.secrets import SecretClient

from tasks import azure, catalogue, environment, terraform
from tasks.errors import DeployError
from tasks.terraform import Foundation

SHORTEST = 12  # Signs; what is shorter is found anywhere and proves nothing.
PUBLIC = {one.name for one in catalogue.of(catalogue.OPTIONAL) if one.origin == "known"}
OPEN_PARTS = {"username"}
PRIVATE_OF_KEY = {"d", "k"}  # Of a JWK; its other members are for everybody.
DOWNLOADED = "providers"  # Terraform's own copies of its providers.
KNOWN = re.compile(
    # azurerm keeps the keys of every storage account in its state, which a plan repeats.
    r"^(azure-storage-account-key|storage-connection-string) .* in .*"
    r"foundation.*\.(tfstate|tfplan)"
)


@dataclass(frozen=True)
class Value:
    """Something secret, and what it may be called in public."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Text:
    """Something that is searched."""

    where: str
    content: bytes = field(repr=False)


# --- What is looked for ------------------------------------------------------------------------


def held(vault_uri: str) -> Iterator[Value]:
    """Every version of every secret that may be read, and the parts of those that have some."""
    with SecretClient(vault_uri, azure.credential()) as vault:
        names = [str(entry.name) for entry in vault.list_properties_of_secrets()]
        for name in sorted(set(names) - PUBLIC):
            for version in vault.list_properties_of_secret_versions(name):
                if version.enabled:
                    text = vault.get_secret(name, version.version).value or ""
                    told = f"{name} (version {str(version.version)[:8]})"
                    yield from (Value(told, part) for part in {text, *parts(text)})


def parts(text: str) -> Iterator[str]:
    """What would leak piece by piece: members of JSON, and credentials of a list."""
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, dict | list):
        yield from members(whole)
        return
    listed = text.split(",")
    for one in listed:
        user, colon, password = one.partition(":")
        if colon and re.fullmatch(r"[\w-]+", user):  # No address.
            yield password
        elif len(listed) > 1:
            yield one


def members(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name not in OPEN_PARTS and ("kty" not in node or name in PRIVATE_OF_KEY):
                yield from members(value)
    elif isinstance(node, list):
        for value in node:
            yield from members(value)
    elif isinstance(node, str):
        yield node
        yield from parts(node)


def forms(text: str) -> dict[bytes, str]:
    """How a value may be written, and what that is called."""
    in_json = json.dumps(text)[1:-1]
    written = {
        text: "as it is",
        in_json: "in JSON",
        json.dumps(text, ensure_ascii=False)[1:-1]: "in JSON",
        json.dumps(in_json)[1:-1]: "in JSON within JSON",
        quote(text, safe=""): "in a URL",
        quote_plus(text): "in a URL",
        html.escape(text): "in HTML",
    }
    found = {form.encode(): name for form, name in reversed(written.items())}
    for shift in range(3):
        for alphabet in (b"+/", b"-_"):
            found.setdefault(in_base64(text.encode(), shift, alphabet), "in base64")
    return found


def in_base64(content: bytes, shift: int, alphabet: bytes) -> bytes:
    """The signs that stay the same whatever stands before (`shift` bytes, modulo 3) and behind."""
    signs = base64.b64encode(bytes(shift) + content, alphabet)
    begin = (0, 2, 3)[shift]
    end = len(signs) - (0, 3, 2)[(shift + len(content)) % 3]
    return signs[begin:end]


# --- Where -------------------------------------------------------------------------------------


def texts(path: Path) -> Iterator[Text]:
    """A file, or all files of a folder, with what is packed in them."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and DOWNLOADED not in file.relative_to(path).parts:
            content = file.read_bytes()
            yield from unpacked(Text(str(file), content))
            if content.startswith(b"SQLite format 3\0"):
                yield Text(str(file), dumped(file))


def unpacked(text: Text) -> Iterator[Text]:
    """The text itself, and what is in it where it is an archive; plans of Terraform are."""
    yield text
    if zipfile.is_zipfile(io.BytesIO(text.content)):
        with zipfile.ZipFile(io.BytesIO(text.content)) as archive:
            for name in archive.namelist():
                yield from unpacked(Text(f"{text.where}: {name}", archive.read(name)))
    elif text.content.startswith(b"\x1f\x8b"):
        try:
            yield from unpacked(Text(text.where, gzip.decompress(text.content)))
        except (OSError, EOFError, zlib.error):
            return  # It only begins like one.


def dumped(file: Path) -> bytes:
    """What a database says now, its journal included: long texts lie scattered in the file."""
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
        return "\n".join(database.iterdump()).encode()


def processes() -> Iterator[Text]:
    """The command lines of all programs that run now."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue  # It has ended.
        yield Text(f"the command line of process {folder.name}", line)


def local_prefect() -> Path:
    return Path(os.environ.get("PREFECT_HOME") or environment.WORK / "prefect")


# --- Search ------------------------------------------------------------------------------------


def search(values: Iterable[Value], places: Iterable[Text]) -> tuple[list[str], int]:
    """Who is found where and how, each thing once; and how many texts were searched."""
    needles: dict[bytes, str] = {}
    for value in values:
        if len(value.text) >= SHORTEST:
            for form, how in forms(value.text).items():
                needles.setdefault(form, f"{value.name}, {how}")
    found: dict[str, None] = {}
    searched = 0
    for text in places:
        searched += 1
        found |= {
            f"{told} in {text.where}": None for n, told in needles.items() if n in text.content
        }
    return list(found), searched


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--environment", required=True, help="name of a file in deployments/")
    parser.add_argument("paths", nargs="*", type=Path, help="further files and folders")
    given = parser.parse_args()
    try:
        wanted = environment.load(given.environment)
        vault_uri = terraform.outputs(terraform.foundation(wanted), Foundation).vault_uri
        with azure.translated(f"Key Vault of {wanted.name}"):
            values = list(held(vault_uri))
    except DeployError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    asked = [wanted.work, local_prefect(), *given.paths]
    if absent := [str(path) for path in given.paths if not path.exists()]:
        sys.stderr.write(f"Not there: {', '.join(absent)}.\n")
        return 2
    places = (text for path in asked if path.exists() for text in texts(path))
    found, searched = search(values, (*processes(), *places))
    leaks = [one for one in found if not KNOWN.search(one)]
    for one in leaks:
        sys.stdout.write(f"{one}\n")
    sys.stdout.write(
        f"{len(leaks)} leaks, {len(found) - len(leaks)} copies that azurerm is known to keep; "
        f"{len(values)} values of {vault_uri} in {searched} texts.\n"
    )
    return int(bool(leaks))


if __name__ == "__main__":
    sys.exit(main())
