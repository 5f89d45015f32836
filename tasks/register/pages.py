"""Prefect's API answers in pages."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PAGE = 200  # The most that it gives at once.


def all_of(ask: Callable[[int, int], list[T]]) -> list[T]:
    """Everything that a question has as answer; it is asked with a limit and an offset."""
    found: list[T] = []
    while page := ask(PAGE, len(found)):
        found += page
        if len(page) < PAGE:
            break
    return found
