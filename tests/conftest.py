"""What all tests share: accepted texts under `tests/golden`."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Accept the new golden texts.")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the accepted one; `--update-golden` accepts the new text."""

    def check(name: str, text: str) -> None:
        accepted = GOLDEN / name
        if request.config.getoption("--update-golden"):
            accepted.parent.mkdir(parents=True, exist_ok=True)
            accepted.write_text(text)
        assert accepted.exists(), f"{name} is new: accept it with pytest --update-golden"
        assert text == accepted.read_text(), f"{name} changed: accept with pytest --update-golden"

    return check
