"""How commands speak: to people in colour on a terminal, to programs in JSON."""

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from sandbox.state import DEFAULT

WIDE = 1000  # Columns of what is no terminal: nothing is cut or folded there.
DECADE = 3e8  # Seconds.

# Without colour means without any escape code; bold and dim are ones, too.
COLOURS: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"

err = Console(stderr=True, highlight=False, soft_wrap=True, color_system=COLOURS)
out = Console(
    highlight=False,
    soft_wrap=True,
    width=None if sys.stdout.isatty() else WIDE,
    color_system=COLOURS,
)

StateDirectory = Annotated[
    Path, Parameter(name="--state", help="Where the sandbox keeps its files.")
]
Machine = Annotated[bool, Parameter(name="--json", negative="", help="For programs.")]


def option(state: Path) -> str:
    """How the same state directory is typed again."""
    return "" if state == DEFAULT else f" --state {state}"


def left(seconds: float) -> str:
    """When something ends; what would take decades has been stuck by a fault."""
    return "stuck" if seconds > DECADE else f"in {seconds:.0f} s"


def show(title: str, columns: tuple[str, ...], rows: list[list[str]]) -> None:
    """A table with its title; nothing when there is nothing to show."""
    if not rows:
        return
    out.print()
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for column in columns:
        table.add_column(column, overflow="fold", header_style="dim")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    out.print(table)


def printable(text: str) -> str:
    """Names and paths come from anywhere; none of them moves the cursor."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)
