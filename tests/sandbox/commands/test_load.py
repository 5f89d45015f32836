"""`python -m sandbox load`, as far as it goes without a platform."""

import json
from pathlib import Path

import pytest

from sandbox.commands import main
from sandbox.load.tally import Outcome, Tally


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--rate", "0"], "too low or too high"),
        (["--clients", "0"], "asks nothing"),
        (["--for", "soon"], "is no span of time"),
        (["--for", "5m", "--until-interrupted"], "exclude each other"),
        ([], "No sandbox runs from"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["load", *words, "--state", str(tmp_path)])

    assert ended.value.code == 1
    assert sentence in capsys.readouterr().err


def test_failures_are_counted_by_route_and_status_and_the_last_ones_are_told() -> None:
    tally = Tally()
    tally.count("rest.session", Outcome("200", 0.1))
    tally.count("rest.session", Outcome("503", 0.4, "PGRST000"))
    tally.count("auth.user", Outcome("401", 0.2, "bad_jwt", rejected=True))

    told = json.loads(json.dumps(tally.show()))

    assert (told["requests"], told["failures"], told["rejected_sessions"]) == (3, 2, 1)
    assert told["routes"]["rest.session"]["statuses"] == {"200": 1, "503": 1}
    assert told["worst_ms"] == 400
    assert [example.partition(" ")[2] for example in told["examples"]] == [
        "rest.session 503: PGRST000",
        "auth.user 401: bad_jwt",
    ]
