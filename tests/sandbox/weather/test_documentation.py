"""docs/sandbox/weather.md says what there is, in words that work."""

import re
import shlex

import pytest

from sandbox.commands import main
from sandbox.weather import plans
from sandbox.weather.effects import Answer, Effect
from sandbox.weather.faults import Fault, When, Window
from tests.sandbox.weather.conftest import PROJECT, Sandbox

TEXT = (PROJECT / "docs/sandbox/weather.md").read_text()
PLANS = [block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if "then:" in block]
COMMANDS = re.findall(r"^python -m sandbox (faults add .*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("model", [Fault, When, Window, Effect, Answer])
def test_every_field_is_explained(model: type) -> None:
    fields = [found.alias or name for name, found in model.model_fields.items()]  # type: ignore[attr-defined]  # a model

    assert [name for name in fields if not re.search(rf"\b{name}\b", TEXT)] == []


def test_every_scenario_is_listed() -> None:
    listed = re.findall(r"^\| `([a-z-]+)` \|", TEXT.partition("## Scenarios")[2], re.MULTILINE)

    assert sorted(listed) == sorted(plans.scenarios())


@pytest.mark.parametrize("text", PLANS)
def test_every_plan_can_be_read(text: str) -> None:
    assert plans.parse(text, "weather.md").faults


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_works(sandbox: Sandbox, line: str) -> None:
    faults, add, *options = shlex.split(line)

    with pytest.raises(SystemExit) as end:
        main([faults, add, "--state", str(sandbox.state), *options])

    assert end.value.code == 0
    assert len(sandbox.faults) == 1
