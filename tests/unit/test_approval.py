from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest

from tasks import approval
from tasks import environment as environments
from tasks.approval import Approval
from tasks.errors import ApprovalError

QUESTION = "Destroy it?"


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> list[Approval]:
    """What is put on record of a run that carries the tag."""
    kept: list[Approval] = []

    def keep(_what: str, answer: Approval, _asked: datetime) -> None:
        kept.append(answer)

    tagged = SimpleNamespace(tags=[approval.ASSUME_YES], id=str(uuid4()))
    monkeypatch.setattr(approval, "flow_run", tagged)
    monkeypatch.setattr(approval, "keep", keep)
    return kept


def test_a_yes_beforehand_counts_for_a_run_of_a_terminal(
    record: list[Approval], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "watched", lambda: None)

    approval.ask(environments.load("sandbox"), QUESTION, "A plan.")

    assert [one.comment for one in record] == ["beforehand, with --yes"]


def test_a_tag_on_the_run_of_a_deployment_answers_nothing(
    record: list[Approval], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> tuple[Approval, datetime]:
        return Approval(answer="reject", name="Ada"), datetime.now(UTC)

    monkeypatch.setattr(approval, "watched", lambda: SimpleNamespace(id=uuid4()))
    monkeypatch.setattr(approval, "by_pausing", lambda *_: refused()[0])
    monkeypatch.setattr(approval, "by_suspending", refused)

    with pytest.raises(ApprovalError, match="Rejected"):
        approval.ask(environments.load("sandbox"), QUESTION, "A plan.")
    assert [one.name for one in record] == ["Ada"]
