"""The first version of a new provider."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sandbox import scaffold as templates
from sandbox.commands.terminal import out
from sandbox.state import SandboxError

PROJECT = Path(__file__).parents[2]


def scaffold(
    kind: Annotated[str, Parameter(help="A resource type: Microsoft.EventHub/namespaces.")],
    *,
    api_version: Annotated[str, Parameter(help="Which clients are told to use.")] = "2025-01-01",
) -> None:
    """Write the package, the coverage and a test of a provider that is new, and wire it.

    docs/sandbox.md, 'Add a service', says how to go on.

    For example:

        python -m sandbox scaffold Microsoft.EventHub/namespaces --api-version 2024-01-01
    """
    try:
        made = templates.make(kind, api_version, PROJECT)
    except templates.ScaffoldError as error:
        raise SandboxError(error.message, error.hint) from error
    for file in made.files:
        out.print(f"wrote {file.relative_to(PROJECT)}")
    for line in made.left:
        out.print(f"[yellow]add to[/] {line}", markup=True)
    test = made.files[-1].relative_to(PROJECT)
    out.print(f"\nNext: python -m pytest {test}\n      python -m sandbox coverage --write")
