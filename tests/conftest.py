"""What all tests share: accepted texts under `tests/golden`."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
LONGEST = ("flows", "terraform", "clients", "database")  # Folders, the longest files first.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="Accept the new golden texts.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes begin first, so that no worker is left alone with one at the end."""

    def rank(item: pytest.Item) -> int:
        folder = item.path.relative_to(GOLDEN.parent).parts[0]
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    items.sort(key=rank)


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
