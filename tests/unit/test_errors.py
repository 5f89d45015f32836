import pickle

import pytest

from tasks import errors
from tasks.errors import DeployError, NotReadyError

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, DeployError)
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_error_survives_prefects_pickling_with_its_hint(kind: type[DeployError]) -> None:
    error = kind("It broke.", "Mend it.")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301 # Our own bytes.

    assert (type(again), again.message, again.hint) == (kind, "It broke.", "Mend it.")


def test_azures_advice_survives_too() -> None:
    again = pickle.loads(pickle.dumps(NotReadyError("Wait.", "", 7.5)))  # noqa: S301 # Our own.

    assert again.retry_after == 7.5


def test_an_error_says_what_to_do_next() -> None:
    assert str(DeployError("It broke.", "Mend it.")) == "It broke.\nNext: Mend it."


def test_the_drawn_tree_names_every_error() -> None:
    missing = [kind.__name__ for kind in KINDS if kind.__name__ not in (errors.__doc__ or "")]

    assert missing == []
