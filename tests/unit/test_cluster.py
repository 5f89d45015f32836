import base64
import io
import random
import subprocess
import zipfile

import pytest

from tasks import cluster, run_command
from tasks.cluster import SCRIPTS, Script
from tasks.errors import BusyError, ConfigError, NotReadyError, ToolError


def test_an_answer_is_the_document_after_the_mark() -> None:
    answer = cluster.parse_answer("x", 0, 'noise\n::answer\n{"a":\n [1]}\n')

    assert answer.document == {"a": [1]}
    assert answer.log == "noise\n"


def test_a_script_without_an_answer_has_failed() -> None:
    with pytest.raises(ToolError, match="gave no answer"):
        cluster.parse_answer("x", 0, "all fine, honestly")


def test_an_answer_that_azure_cut_is_no_answer() -> None:
    with pytest.raises(ToolError, match="cut or broken") as caught:
        cluster.parse_answer("x", 0, '::answer\n{"a": [1, 2')

    assert "512 kB" in caught.value.hint


@pytest.mark.parametrize(
    ("log", "kind"),
    [
        (
            'Error from server (Forbidden): secrets is forbidden: User "1" cannot list',
            NotReadyError,
        ),
        ('Error: failed calling webhook "validate.x": connection refused', NotReadyError),
        ('no matches for kind "SecretStore" in version "external-secrets.io/v1"', NotReadyError),
        ("Error: another operation (install/upgrade/rollback) is in progress", BusyError),
        ("Unable to connect to the server: dial tcp: i/o timeout", NotReadyError),
        ("Error: template: supabase/x.yaml:3: wrong type", ToolError),
    ],
)
def test_a_complaint_knows_whether_time_helps(log: str, kind: type) -> None:
    with pytest.raises(ToolError if kind is ToolError else kind) as caught:
        cluster.parse_answer("x", 1, log)

    assert type(caught.value) is kind


def test_the_same_files_make_the_same_zip_and_come_out_again() -> None:
    files = {"b/x.txt": b"two", "a.sh": b"one"}

    text = run_command.pack(files)

    with zipfile.ZipFile(io.BytesIO(base64.b64decode(text))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    assert text == run_command.pack(dict(reversed(files.items())))


def test_files_over_the_budget_are_refused_with_the_largest_named() -> None:
    noise = random.Random(1).randbytes(900_000)  # noqa: S311 # Only has to be incompressible.

    with pytest.raises(ConfigError, match="run-command takes 1,000,000") as caught:
        run_command.pack({"small": b"", "huge.tgz": noise})

    assert "huge.tgz (900,000 bytes)" in caught.value.hint


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.sh")), ids=lambda path: path.stem)
def test_scripts_are_bash(path: object) -> None:
    checked = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_script_brings_its_prelude_and_its_settings() -> None:
    content = Script("verify", environment={"RELEASE": "supabase"}).content()

    assert content["start.sh"].decode().splitlines() == [
        "export RELEASE='supabase'",
        ". ./prelude.sh",
        ". ./verify.sh",
    ]


@pytest.mark.parametrize("code", [137, 143])
def test_a_command_that_was_killed_is_worth_another_try(code: int) -> None:
    with pytest.raises(NotReadyError, match="was killed before its end"):
        cluster.parse_answer("releases", code, "[supabase] half a line")
