"""What is typed after `python -m sandbox`: one module for each subject, loaded when used."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import NoReturn

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape

from sandbox.commands.environment import CLOSED
from sandbox.commands.terminal import COLOURS, err
from sandbox.commands.tools import separated
from sandbox.state import SandboxError

COMMANDS = {  # Name: where it is, and what the overview says; modules load when used.
    "up": ("life:up", "Start a sandbox in the background; print its environment."),
    "run": ("life:run", "Run a sandbox in the foreground, until Ctrl+C."),
    "down": ("life:down", "Stop the sandbox."),
    "reset": ("life:reset", "Empty the subscription."),
    "env": ("environment:env", "Print the environment that points tools to the sandbox."),
    "exec": ("tools:run", "Run a program with the sandbox's environment."),
    "az": ("tools:az", "Run the Azure CLI, signed in as the deployer."),
    "terraform": ("tools:terraform", "Run Terraform against the sandbox."),
    "kubectl": ("tools:kubectl", "Run kubectl inside the network of a cluster."),
    "helm": ("tools:helm", "Run Helm inside the network of a cluster."),
    "psql": ("psql:psql", "Run psql against a flexible server."),
    "status": ("status:status", "Show what exists and what Azure is busy with."),
    "log": ("log:log", "Show the requests that the sandbox has answered."),
    "load": ("load:load", "Ask a platform for everything, throughout; count what fails."),
    "page": ("page:page", "Print the address of a page that shows what is going on."),
    "faults": ("faults:faults", "Let things go wrong: throttling, resets, evictions, …"),
    "scaffold": ("scaffold:scaffold", "Write the first version of a new provider."),
    "coverage": ("coverage:coverage", "Show what is simulated, and how faithfully."),
}


def application(*, overview: bool) -> cyclopts.App:
    """The commands; only their overview needs a summary of each without loading it."""
    app = cyclopts.App(
        name="python -m sandbox",
        help="Azure on this machine: an intercepting proxy that answers as Azure does.",
        help_format="plaintext",
        default_parameter=Parameter(show_default=worth_saying),
        version=lambda: version("supabase-on-azure"),
        version_flags=["--version"],
        console=Console(color_system=COLOURS),
        error_console=Console(stderr=True, color_system=COLOURS),
    )
    for name, (place, summary) in COMMANDS.items():
        told = {"help": summary} if overview else {}
        app.command(f"sandbox.commands.{place}", name=name, **told)
    return app


def worth_saying(default: object) -> object:
    """Nothing, as a default, says nothing."""
    return default or None


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command; an error is a sentence and what to do, never a traceback."""
    words = separated(sys.argv[1:] if arguments is None else arguments)
    try:
        with closing_the_way(words):
            application(overview=words[:1] in ([], ["--help"], ["-h"]))(words)
    except SandboxError as error:
        err.print(f"[red]{escape(error.message)}[/]")
        if error.hint:
            err.print(escape(error.hint))
        sys.exit(error.code)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # Whoever read our output has seen enough.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)


@contextmanager
def closing_the_way(words: list[str]) -> Iterator[None]:
    """A shell that evaluates what `env` or `up` prints must not go on to the real Azure."""
    try:
        yield
    except BaseException as error:
        failed = not isinstance(error, SystemExit) or error.code not in (None, 0)
        if failed and words[:1] in (["env"], ["up"]) and not sys.stdout.isatty():
            sys.stdout.write(CLOSED)
            sys.stdout.flush()
        raise
