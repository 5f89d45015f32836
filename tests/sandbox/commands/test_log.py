"""`python -m sandbox log`, as it is typed."""

import json
import time
from pathlib import Path

import pytest

from sandbox.commands import main

NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def entry(host: str, path: str, network: str = "", name: str = "") -> str:
    known = {"time": NOW, "method": "GET", "host": host, "path": path, "status": 200}
    return json.dumps({**known, "network": network, "name": name}) + "\n"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The files of a sandbox that was asked by people, and by a cluster."""
    routine = entry("lab-kv.vault.azure.net", "/secrets/one", "lab-aks", "external-secrets")
    mine = entry("management.azure.com", "/subscriptions", "", "deployer")
    command = entry("lab.privatelink.westeurope.azmk8s.io", "/api/v1/pods", "lab-aks")
    (tmp_path / "requests.1.jsonl").write_text(mine + routine)
    (tmp_path / "requests.jsonl").write_text(routine * 2 + command)
    return tmp_path


def typed(state: Path, *words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(["log", "--state", str(state), *words])
    return int(end.value.code or 0)


def test_the_routine_of_clusters_is_hidden_and_counted(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(state)
    told = capsys.readouterr()

    first, second = told.out.splitlines()
    assert "management.azure.com/subscriptions  by deployer" in first
    assert "/api/v1/pods  from lab-aks" in second
    assert "(3 requests of the clusters themselves are hidden: --all)" in told.err


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--all"], 5),
        (["--json"], 5),
        (["--network", "lab"], 4),
        (["--network", ""], 1),
        (["--principal", "external"], 3),
        (["-n", "2", "--all"], 2),
    ],
)
def test_what_is_asked_for_is_shown(
    state: Path, words: list[str], count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(state, *words) == 0

    told = capsys.readouterr()
    assert len(told.out.splitlines()) == count
    assert "hidden" not in told.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-n", "0"], "-n 0 shows nothing."),
        (["-n", "-3"], "-n -3 shows nothing."),
        (["--host", "[vault"], "is no pattern: a bracket stays open."),
        (["--slow", "-1"], "--slow -1 is no time."),
        (["--status", "9xx"], "is no status."),
        (["--since", "soon"], "is no span of time."),
    ],
)
def test_nonsense_is_refused_with_a_sentence(
    state: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(state, *words) == 1
    assert sentence in capsys.readouterr().err


def test_nothing_that_matches_is_told_from_nothing_at_all(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(state, "--path", "/nowhere")
    none = capsys.readouterr()
    (tmp_path / "requests.jsonl").write_text("")
    (tmp_path / "requests.1.jsonl").unlink()
    typed(state)

    assert (none.out, none.err.strip()) == ("", "No request matches.")
    assert "Nothing is logged yet." in capsys.readouterr().err
