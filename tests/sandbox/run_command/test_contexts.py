"""The context of a command: which archives are taken, and where their files lie."""

import asyncio
import base64
import io
import stat
import threading
import warnings
import zipfile
from typing import Any

import pytest

from sandbox.cloud.container_service import context as context_of_commands
from tests.sandbox.run_command.conftest import CLUSTER, Cloud, archive


def test_files_of_the_context_lie_where_the_command_starts(play: Any) -> None:
    context = archive({"./deploy.sh": "cat values/a.yaml", "values/a.yaml": "from the context"})

    found = play(lambda cloud: cloud.run("bash ./deploy.sh", context=context))

    assert found["logs"] == "from the context"


def test_the_command_sees_nothing_of_the_host(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "of the host")

    found = play(lambda cloud: cloud.run("env"))

    names = {line.partition("=")[0] for line in found["logs"].splitlines()}
    assert "ARM_CLIENT_SECRET" not in names
    assert {"HOME", "KUBECONFIG", "HTTPS_PROXY", "SSL_CERT_FILE", "PATH"} <= names


@pytest.mark.parametrize("work", ["read", "unpack"])
def test_others_are_answered_while_a_context_is_looked_into(
    play: Any, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    begun, answered = threading.Event(), threading.Event()
    usual = getattr(context_of_commands, work)

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert answered.wait(10)
        return usual(*arguments)

    monkeypatch.setattr(context_of_commands, work, slow)

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        running = asyncio.create_task(cloud.run("cat a", context=archive({"a": "content"})))
        await asyncio.to_thread(begun.wait, 10)
        other = await cloud.client.get(
            f"{CLUSTER}/commandResults/{'0' * 32}?api-version=2025-10-01"
        )
        assert other.status_code == 404
        answered.set()
        return await running

    assert play(scenario)["logs"] == "content"


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("../outside", 0o644, "outside its own folder"),
        ("/etc/passwd", 0o644, "outside its own folder"),
        ("..\\outside", 0o644, "outside its own folder"),
        ("a/../../outside", 0o644, "outside its own folder"),
        ("link", stat.S_IFLNK | 0o777, "symbolic link"),
        ("pipe", stat.S_IFIFO | 0o644, "neither a file nor a folder"),
        ("disk", stat.S_IFBLK | 0o644, "neither a file nor a folder"),
        ("a\nb", 0o644, "no name of a file"),
        (".", 0o644, "no name of a file"),
        ("a" * 256, 0o644, "too long"),
        ("/".join(["a" * 200] * 6), 0o644, "too long"),
    ],
)
def test_a_context_that_reaches_out_is_refused(play: Any, name: str, mode: int, said: str) -> None:
    answer = play(lambda cloud: cloud.send("true", context=archive({name: "x"}, mode)))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert said in answer.json()["message"]


def test_a_name_with_a_nul_in_it_is_refused(play: Any) -> None:
    context = base64.b64decode(archive({"script_sh": "x"})).replace(b"script_sh", b"script\0sh")

    answer = play(lambda cloud: cloud.send("true", context=base64.b64encode(context).decode()))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "no name of a file" in answer.json()["message"]


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a/", "a"), ("a/b/", "a/b")])
def test_what_is_a_file_and_a_folder_is_refused(play: Any, names: tuple[str, ...]) -> None:
    answer = play(lambda cloud: cloud.send("true", context=archive(dict.fromkeys(names, ""))))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "as a file and as a folder" in answer.json()["message"]


def test_names_that_differ_in_case_are_two_files_and_the_last_of_one_name_stays(play: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the duplicate.
        for name, text in (("a", "first"), ("A", "other"), ("a", "last"), ("d/", "")):
            made.writestr(name, text)
    context = base64.b64encode(packed.getvalue()).decode()

    found = play(lambda cloud: cloud.run("cat a A; ls d", context=context))

    assert (found["exitCode"], found["logs"]) == (0, "lastother")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_before_it_is_opened(play: Any, method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as made:
        made.writestr("zeros", bytes(50_000_000))
    small = base64.b64encode(packed.getvalue()).decode()

    answer = play(lambda cloud: cloud.send("true", context=small))

    assert "compression method is not supported" in answer.json()["message"]


def test_a_context_that_unpacks_to_too_much_is_refused(play: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(7):
            made.writestr(str(number), bytes(10_000_000))

    answer = play(
        lambda cloud: cloud.send("true", context=base64.b64encode(packed.getvalue()).decode())
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "70000000 bytes" in answer.json()["message"]


def test_a_context_that_is_no_archive_is_refused(play: Any) -> None:
    answer = play(lambda cloud: cloud.send("true", context="bm8gemlw"))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")


def damaged(position: int, value: bytes) -> str:
    """An archive with some bytes of its directory changed."""
    data = bytearray(base64.b64decode(archive({"a": "content"})))
    start = data.index(b"PK\x01\x02") + position
    data[start : start + len(value)] = value
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (damaged(16, b"\0\0\0\0"), "Bad CRC-32"),
        (damaged(8, b"\1\0"), "encrypted"),
        (damaged(10, b"\x63\0"), "compression method is not supported"),
        (damaged(10, b"\x08\0"), "zip archive: "),
    ],
    ids=["checksum", "encryption", "compression", "no deflate"],
)
def test_a_context_that_does_not_unpack_is_refused(play: Any, context: str, said: str) -> None:
    answer = play(lambda cloud: cloud.send("true", context=context))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert said in answer.json()["message"]
