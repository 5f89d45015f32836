"""A small flow that holds its environment, asks a person in a stage, and leaves a report."""

from tasks import approval, report, turn
from tasks import environment as environments
from tasks.stage import nested, stage

QUESTION = "Go on?"


@stage
def ask(environment: str) -> None:
    approval.ask(environment=environments.load(environment), what=QUESTION, plan="A plan.")


@stage
def verify(environment: str) -> None:
    """Under the name of one that a fleet may start."""
    wanted = environments.load(environment)
    with turn.hold(wanted), report.told(wanted), nested():
        ask(environment)
