"""The leak scan finds what was planted, however it is written, and never says it."""

import base64
import gzip
import html
import io
import json
import sqlite3
import subprocess
import sys
import urllib.parse
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from scripts import leak_scan
from scripts.leak_scan import KNOWN, Text, Value

SECRET = 'pa"ss/w+rd & <ä>~0123456789'
PLANTED = Value("smtp-password (version 1f)", SECRET)

Write = Callable[[str], bytes]


def zipped(text: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("tfplan", b"binary" + text.encode())
    return stream.getvalue()


def wrapped(text: str) -> bytes:
    """As an environment's artifact is kept: JSON as a text in JSON."""
    return json.dumps({"data": json.dumps({"env": text})}).encode()


@pytest.mark.parametrize(
    ("write", "how"),
    [
        (lambda text: f"before {text} after".encode(), "as it is"),
        (lambda text: json.dumps({"a": text}).encode(), "in JSON"),
        (lambda text: json.dumps({"a": text}, ensure_ascii=False).encode(), "in JSON"),
        (wrapped, "in JSON within JSON"),
        (lambda text: urllib.parse.quote(text, safe="").encode(), "in a URL"),
        (lambda text: urllib.parse.urlencode({"a": text}).encode(), "in a URL"),
        (lambda text: f"<td>{html.escape(text)}</td>".encode(), "in HTML"),
        (lambda text: base64.b64encode(text.encode()), "in base64"),
        (lambda text: base64.urlsafe_b64encode(f"x{text}yz".encode()), "in base64"),
        (lambda text: base64.b64encode(f"user:{text}".encode()), "in base64"),
        (lambda text: base64.b64encode(f'{{"key":"{text}"}}'.encode()), "in base64"),
        (zipped, "as it is"),
        (lambda text: gzip.compress(zipped(text)), "as it is"),
    ],
)
def test_what_was_planted_is_found(tmp_path: Path, write: Write, how: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "report").write_bytes(write(SECRET))
    (folder / "other").write_bytes(write("nothing of interest here"))

    found, searched = leak_scan.search([PLANTED], leak_scan.texts(folder))

    assert [told.partition(" in /")[0] for told in found] == [f"{PLANTED.name}, {how}"]
    assert str(folder / "report") in found[0]
    assert searched >= 2
    assert SECRET not in str(found)


def test_a_database_is_read_as_it_stands_with_its_journal(tmp_path: Path) -> None:
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute("pragma journal_mode = wal")
        database.execute("create table artifact (data text)")
        database.execute("insert into artifact values (?)", ("x" * 9_000 + SECRET,))
        database.commit()

        found, _ = leak_scan.search([PLANTED], leak_scan.texts(file))

    assert found == [f"{PLANTED.name}, as it is in {file}"]


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """A program that was told a secret where everybody sees it."""
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, SECRET],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        running.stdout.readline()
        yield running


def test_a_command_line_is_seen(program: subprocess.Popen[str]) -> None:
    found, _ = leak_scan.search([PLANTED], leak_scan.processes())

    assert found == [f"{PLANTED.name}, as it is in the command line of process {program.pid}"]


def test_the_private_parts_of_a_set_count_and_its_public_ones_do_not() -> None:
    key = {"kty": "EC", "kid": "public-kid", "x": "public-x", "d": "private-d"}
    value = {"jwt-keys": json.dumps([key]), "anon-key": "token", "username": "public-user"}

    found = set(leak_scan.parts(json.dumps(value)))

    assert {"private-d", "token"} <= found
    assert not {"public-kid", "public-x", "public-user"} & found


def test_each_accepted_credential_counts_by_itself() -> None:
    assert list(leak_scan.parts("auth_1:new-one,auth_2:old-one")) == ["new-one", "old-one"]
    assert list(leak_scan.parts("sb_secret_new,sb_secret_old")) == [
        "sb_secret_new",
        "sb_secret_old",
    ]


def test_what_is_too_short_proves_nothing() -> None:
    found, _ = leak_scan.search([Value("dashboard-username", "supabase")], [Text("a", b"supabase")])

    assert found == []


def test_only_the_storage_keys_in_terraforms_own_files_are_known() -> None:
    def known(name: str, where: str) -> bool:
        return bool(KNOWN.search(f"{name} (version 1f), as it is in {where}"))

    assert known("azure-storage-account-key", ".work/dev/state/foundation.tfstate")
    assert known("storage-connection-string", ".work/dev/terraform/foundation/plan.tfplan: tfstate")
    assert not known("azure-storage-account-key", ".work/dev/reports/1/report.md")
    assert not known("jwt-secret", ".work/dev/state/foundation.tfstate")
