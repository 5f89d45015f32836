"""Plans and scenarios: what is read, and what is refused with a sentence."""

from pathlib import Path

import pytest

from sandbox.latency import Latency
from sandbox.weather import Weather, plans


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("{when: {paht: x}, then: {delay: 1}}", "faults.0.when.paht: no such field; did you mean"),
        ("{then: {answer: {code: X}}}", "faults.0.then.answer.status: it is missing."),
        ("{then: {answer: {status: 299}}}", "299 is no status of HTTP"),
        ("{then: {answer: {status: 429, code: X, body: x}}}", "body is the whole answer"),
        ("{then: {}}", "nothing happens: choose one of delay, answer, reset"),
        ("{then: {reset: answer, truncate: 3}}", "reset and truncate exclude each other"),
        ("{then: {stuck: true, delay: 3}}", "stuck has no delay"),
        ("{when: {principal: me}, then: {stuck: true}}", "use path, path_regex, type, change"),
        ("{when: {type: x}, then: {delay: 1}}", "type cannot be matched by delay"),
        ("{when: {path: a, path_regex: b}, then: {delay: 1}}", "exclude each other"),
        ('{when: {path_regex: "("}, then: {delay: 1}}', "path_regex is no regular expression"),
        ("{calls: 0, then: {delay: 1}}", "calls are 3, [1, 3], 2..4, 2.. or every 5"),
        ("{calls: 4..2, then: {delay: 1}}", "calls are 3, [1, 3], 2..4, 2.. or every 5"),
        ("{probability: 2, then: {delay: 1}}", "probability: Input should be less than or equal"),
        ("{window: {from: 9, until: 3}, then: {delay: 1}}", "closes before it opens"),
        ("{then: {evict: {reason: x}}}", "a command dies either after so many seconds or once"),
        ("{then: {token: {}}}", "give lifetime or not_before"),
        ("{then: {slow: {factor: 2, seconds: 3}}}", "give either factor or seconds"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(fault: str, sentence: str) -> None:
    text = f"description: of mine\nfaults:\n  - {fault}\n"

    with pytest.raises(plans.PlanError) as refusal:
        plans.parse(text, "mine.yaml")

    assert sentence in str(refusal.value)
    assert "mine.yaml, line 3: " in str(refusal.value)


@pytest.mark.parametrize("text", ["", "x", "[]", "{faults: 3}", "faults: [", "- 3"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(plans.PlanError, match=r"mine\.yaml"):
        plans.parse(text, "mine.yaml")


def test_two_faults_of_a_plan_have_two_names() -> None:
    with pytest.raises(plans.PlanError, match="the same id: a"):
        plans.parse("[{id: a, then: {delay: 1}}, {id: a, then: {delay: 2}}]", "")


def test_every_scenario_says_what_it_imitates_and_how_that_is_known() -> None:
    found = plans.scenarios()

    assert len(found) == 9
    for plan in found.values():
        assert plan.description
        assert any(f"[{tag}]" in plan.source for tag in ("verified", "recalled", "inferred"))
        assert all(fault.id for fault in plan.faults)


def test_a_scenario_that_is_misspelled_is_guessed() -> None:
    with pytest.raises(plans.PlanError, match="Did you mean throttled-monday"):
        plans.choose("throttled-munday")


def test_a_file_is_a_plan_too(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("then: {delay: 1}")

    plan, scenario = plans.choose(str(file))

    assert (str(plan.faults[0].then), scenario) == ("1 s late", "")


def test_a_scenario_that_comes_again_begins_again() -> None:
    weather = Weather(Latency("typical", 0.1), clock=lambda: 0.0)
    plan = plans.scenario("cluster-api-down")
    weather.add(plan.faults, "cluster-api-down")
    assert weather.outage("x.azmk8s.io", "lab")

    weather.add(plan.faults, "cluster-api-down")

    (one,) = weather.active()
    assert (one["id"], one["hits"], one["left"]) == ("cluster-api-down/api", 0, 60.0)


def test_what_is_about_is_told_in_words() -> None:
    weather = Weather()
    weather.add(
        plans.parse(
            """
            - when: {method: [GET, HEAD], host: "*.vault.azure.net"}
              calls: 2..4
              probability: 0.5
              then: {delay: 2, answer: {status: 503}}
            """,
            "",
        ).faults
    )

    (one,) = weather.active()

    assert one["id"] == "answer-1"
    assert one["description"] == (
        "host *.vault.azure.net, method GET,HEAD → 503 Service Unavailable, 2 s late; "
        "calls 2..4; 50%"
    )
