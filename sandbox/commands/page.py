"""The page that shows what is going on."""

import json
import sys
import webbrowser
from typing import Annotated

from cyclopts import Parameter

from sandbox.commands.control import ask, found
from sandbox.commands.terminal import StateDirectory
from sandbox.state import DEFAULT, Running, SandboxError, State


def page(
    *,
    open_it: Annotated[
        bool, Parameter(name="--open", negative="", help="Open it in the browser at once.")
    ] = False,
    state: StateDirectory = DEFAULT,
) -> None:
    """Print the address of a page that shows what is going on, live.

    The address holds a key, good for one browser; run this again for another one. The page shows
    and changes nothing.

    For example:

        python -m sandbox page
        python -m sandbox page --open
    """
    where = address(found(State(state)))
    sys.stdout.write(where + "\n")
    if open_it and not webbrowser.open(where):
        sys.stdout.flush()
        raise SandboxError("There is no browser to open.", "Copy the address into one.")


def address(running: Running) -> str:
    """Where a browser opens the page, once."""
    return str(json.loads(ask(running, "POST", "/page"))["address"])
