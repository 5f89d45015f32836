"""How commands speak: to people in colour on a terminal, to programs in JSON."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.state import DEFAULT

err = Console(stderr=True, highlight=False, soft_wrap=True)
out = Console(highlight=False, soft_wrap=True)

StateDirectory = Annotated[
    Path, Parameter(name="--state", help="Where the sandbox keeps its files.")
]
Machine = Annotated[bool, Parameter(name="--json", negative="", help="For programs.")]


def option(state: Path) -> str:
    """How the same state directory is typed again."""
    return "" if state == DEFAULT else f" --state {state}"


def left(seconds: float) -> str:
    return f"in {seconds:.0f} s"


def show(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> None:
    """A table with its title; nothing when there is nothing to show."""
    if not rows:
        return
    table = Table(*columns, title=title, title_justify="left", box=None)
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)
