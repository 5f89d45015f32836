"""`python -m sandbox faults …`, as it is typed."""

import json
from pathlib import Path

import pytest

from sandbox.commands import main
from tests.sandbox.weather.conftest import Sandbox, until


def typed(sandbox: Sandbox, command: str, *words: str) -> int:
    """`sandbox faults …` in this process, for that is quick; its exit code."""
    with pytest.raises(SystemExit) as end:
        main(["faults", command, "--state", str(sandbox.state), *words])
    return int(end.value.code or 0)


def test_a_fault_is_added_listed_and_removed(sandbox: Sandbox) -> None:
    path = f"{sandbox.group}-typed"
    added = sandbox.run(
        "faults", "add", "--id", "mine", "--method", "GET", "--path", path,
        "--status", "429", "--code", "Busy", "--header", "X-Why=test", "--calls", "1..2",
    )  # fmt: skip
    first = sandbox.arm("GET", path)
    shown = sandbox.run("faults", "list").stdout
    told = json.loads(sandbox.run("faults", "list", "--json").stdout)
    gone = sandbox.run("faults", "remove", "mine")

    assert "mine" in added.stderr
    assert (first.status_code, first.json()["error"]["code"]) == (429, "Busy")
    assert first.headers["x-why"] == "test"
    assert "429 Busy" in shown
    assert [(one["id"], one["hits"], one["state"]) for one in told] == [("mine", 1, "active")]
    assert "mine" in gone.stderr
    assert sandbox.arm("GET", path).status_code == 404


@pytest.mark.parametrize(
    ("options", "effect"),
    [
        (["--delay", "2"], "delay"),
        (["--reset", "answer"], "reset"),
        (["--truncate", "0"], "truncate"),
        (["--stuck", "--type", "Microsoft.X/y", "--change", "create"], "stuck"),
        (["--fail", "Code", "--message", "words", "--after", "60"], "fail"),
        (["--evict", "Evicted", "--once", "POST */secrets"], "evict"),
        (["--evict", "OOMKilled", "--after", "3", "--command", "*helm*"], "evict"),
        (["--unreachable", "refused", "--host", "*.azmk8s.io"], "unreachable"),
        (["--flap", "--principal", "deployer", "--until", "60", "--wall"], "flap"),
        (["--token-lifetime", "0"], "token"),
        (["--slow-factor", "3", "--operation", "vault.*"], "slow"),
        (["--body", "no", "--status", "500", "--probability", "0.5", "--from", "5"], "answer"),
    ],
)
def test_every_effect_can_be_typed(sandbox: Sandbox, options: list[str], effect: str) -> None:
    assert typed(sandbox, "add", *options) == 0

    assert [one["effect"] for one in sandbox.faults] == [effect]


def test_a_scenario_comes_and_goes_as_one(sandbox: Sandbox) -> None:
    sandbox.run("faults", "use", "flaky-network")
    several = [one["id"] for one in sandbox.faults]
    sandbox.run("faults", "remove", "flaky-network")

    assert len(several) == 4
    assert all(name.startswith("flaky-network/") for name in several)
    assert sandbox.faults == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "--stuck", "--principal", "me"], "principal cannot be matched by stuck"),
        (["add", "--status", "429", "--header", "x"], "is no header"),
        (["use", "throttled"], "Did you mean throttled-monday?"),
        (["remove", "nobody"], "No fault is called 'nobody'"),
        (["plan", "missing.yaml"], "missing.yaml cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    sandbox: Sandbox, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = typed(sandbox, *words)

    assert code == 1
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--status", "99"], "--status: Input should be greater than or equal to 200."),
        (["--code", "Busy"], "--status: it is missing."),
        (["--status", "429", "--from", "-1"], "--from: Input should be greater than or equal to 0"),
        (["--slow-factor", "-1"], "--slow-factor: Input should be greater than 0."),
        (["--evict", "Evicted"], "--evict: a command dies either after so many seconds or once"),
        (["--status", "429", "--calls", "x"], "--calls: calls are 3, [1, 3], 2..4, 2.. or every 5"),
        (["--path", "*"], "nothing happens: choose one of delay, answer"),
    ],
)
def test_a_wrong_fault_is_refused_in_one_line_that_names_the_option(
    sandbox: Sandbox, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert typed(sandbox, "add", *options) == 1

    told = capsys.readouterr().err
    assert told.startswith(sentence)
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "description"),
    [
        (["--evict", "OOMKilled", "--after", "3"], "any command → dies after 3 s: OOMKilled"),
        (
            ["--evict", "Evicted", "--once", "POST */secrets", "--command", "*helm*"],
            "command *helm* → dies once it asks POST */secrets: Evicted",
        ),
        (["--status", "503"], "any request → 503 Service Unavailable"),
        (
            ["--fail", "Busy", "--after", "60"],
            "any long operation → the operation fails with Busy after 60 s",
        ),
    ],
)
def test_a_fault_says_what_it_hits_and_when(
    sandbox: Sandbox, options: list[str], description: str
) -> None:
    typed(sandbox, "add", *options)

    assert [one["description"] for one in sandbox.faults] == [description]


def test_a_wrong_plan_is_refused_with_its_line(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("faults:\n  - then:\n      dealy: 3\n")

    answer = sandbox.run("faults", "plan", str(file), check=False)

    assert answer.returncode == 1
    assert "mine.yaml, line 3: faults.0.then.dealy: no such field" in answer.stderr


def test_a_sandbox_starts_in_bad_weather_and_returns_to_it(tmp_path: Path) -> None:
    other = Sandbox(tmp_path / "state", {})
    plan = tmp_path / "mine.yaml"
    plan.write_text("{id: mine, then: {delay: 1}}")

    refused = other.run("up", "--port", "0", "--faults", "nothing", check=False)
    other.run("up", "--port", "0", "--seed", "5", "--faults", "vault-outage", "--faults", str(plan))
    try:
        status = json.loads(other.run("status", "--json").stdout)
        other.run("faults", "clear")
        other.run("reset")
        until(lambda: len(other.faults) == 3)
    finally:
        other.run("down")

    assert "There is no scenario 'nothing'" in refused.stderr
    assert status["seed"] == 5
    assert [one["id"] for one in status["weather"]] == [
        "vault-outage/unavailable",
        "vault-outage/late",
        "mine",
    ]
