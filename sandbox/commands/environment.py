"""The environment that points tools to the sandbox."""

import sys
from typing import Annotated

from cyclopts import Parameter

from sandbox.commands.control import found, way_into
from sandbox.commands.terminal import StateDirectory
from sandbox.state import DEFAULT, State


def env(
    *,
    inside: Annotated[
        str, Parameter(help="Name of a cluster: stand inside its network, not on the internet.")
    ] = "",
    state: StateDirectory = DEFAULT,
) -> None:
    """Print the environment that points tools to the running sandbox.

    Use it as: eval "$(python -m sandbox env)"
    """
    kept = State(state)
    running = found(kept)
    sys.stdout.write(kept.exports(running, way_into(running, inside) if inside else ""))
