"""What the sandbox answers, and how faithfully."""

import sys
from typing import Annotated

from cyclopts import Parameter

from sandbox import coverage as tables
from sandbox.commands.terminal import err
from sandbox.state import SandboxError


def coverage(
    *,
    write: Annotated[
        bool, Parameter(negative="", help="Write docs/sandbox/coverage.md instead of printing it.")
    ] = False,
) -> None:
    """Show which operations are simulated, and check the tables against the application.

    For example:

        python -m sandbox coverage | less
        python -m sandbox coverage --write
    """
    try:
        services = tables.load()
    except tables.CoverageError as error:
        raise SandboxError(
            str(error), "Correct it; sandbox/coverage/tables.py has the form."
        ) from (error)
    text = tables.render(services)
    if write:
        tables.DOCUMENT.parent.mkdir(exist_ok=True)
        tables.DOCUMENT.write_text(text)
        err.print(f"Wrote {tables.DOCUMENT}.")
    else:
        sys.stdout.write(text)
    wrong = tables.complaints(services, tables.registered())
    if wrong:
        raise SandboxError(
            "\n\n".join(wrong), "Correct the tables, then: python -m sandbox coverage --write"
        )
