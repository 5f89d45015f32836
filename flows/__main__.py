"""Run flows from a terminal: `python -m flows deploy --environment dev`."""

import os
import signal
import sys
from collections.abc import Callable
from typing import Annotated, Any, Literal

import cyclopts
from rich.console import Console

EXIT_FAILED, EXIT_BAD_INPUT, EXIT_CHANGES, EXIT_INTERRUPTED = 1, 2, 3, 130
SERVER_HINT = (
    "Start it (`make up`, or `prefect server start`), or unset PREFECT_API_URL to use a "
    "temporary server for this one run."
)

Environment = Annotated[str, cyclopts.Parameter(help="Name of a file in deployments/.")]
SecretsFile = Annotated[
    str,
    cyclopts.Parameter(
        help="Values that you bring: YAML, JSON or .env, readable by its owner only (mode 600)."
    ),
]
Yes = Annotated[bool, cyclopts.Parameter(help="Approve destructive plans beforehand.", negative="")]

app = cyclopts.App(
    name="flows",
    help="Deploy Supabase to Azure; every command is a Prefect flow that is safe to run again.",
    help_format="markdown",
    version_flags=[],
)
screen = Console(stderr=True, highlight=False)


@app.command
def deploy(
    *,
    environment: Environment,
    plan: Annotated[
        bool, cyclopts.Parameter(help="Only show what would happen; change nothing.", negative="")
    ] = False,
    secrets_file: SecretsFile = "",
    yes: Yes = False,
) -> int:
    """
    From a checked environment file to an answering platform.

    With `--plan` the page goes to standard output, and the exit code is 0 when there is nothing to
    do and 3 when there is.
    """
    return run("deploy", environment, yes=yes, plan=plan, secrets_file=secrets_file)


@app.command
def preflight(*, environment: Environment, secrets_file: SecretsFile = "") -> int:
    """Check files, tools, credentials, permissions, names, capacity and secrets; build nothing."""
    return run("preflight", environment, secrets_file=secrets_file)


@app.command
def bootstrap(*, environment: Environment, yes: Yes = False) -> int:
    """Make the storage of Terraform's state in Azure, or take over what is there."""
    return run("bootstrap", environment, yes=yes)


@app.command
def provision(*, environment: Environment, secrets_file: SecretsFile = "", yes: Yes = False) -> int:
    """Build the Azure resources, and seed the secrets beside it."""
    return run("provision", environment, yes=yes, secrets_file=secrets_file)


@app.command
def seed_secrets(  # noqa: PLR0913 # Its options.
    *,
    environment: Environment,
    secrets_file: SecretsFile = "",
    generate_default_secrets: Annotated[
        bool, cyclopts.Parameter(help="Generate what is neither in the vault nor brought.")
    ] = True,
    overwrite: Annotated[
        bool, cyclopts.Parameter(help="What you bring replaces what is there.", negative="")
    ] = False,
    deleted: Annotated[
        Literal["recover", "purge"],
        cyclopts.Parameter(help="What becomes of names that somebody deleted; purging asks."),
    ] = "recover",
    dry_run: Annotated[
        bool, cyclopts.Parameter(help="Only show what would be written.", negative="")
    ] = False,
    yes: Annotated[
        bool, cyclopts.Parameter(help="Agree to purging beforehand.", negative="")
    ] = False,
) -> int:
    """Bring every secret of the catalogue into the vault; existing values stay."""
    return run(
        "seed_secrets",
        environment,
        yes=yes,
        secrets_file=secrets_file,
        generate_default_secrets=generate_default_secrets,
        overwrite=overwrite,
        deleted=deleted,
        dry_run=dry_run,
    )


@app.command
def configure(*, environment: Environment) -> int:
    """Install External Secrets and policies, and wait for the secrets."""
    return run("configure", environment)


@app.command
def release(
    *,
    environment: Environment,
    revision: Annotated[
        int,
        cyclopts.Parameter(
            help="Go back to this revision instead; asks before it does.",
            validator=cyclopts.validators.Number(gte=0),
        ),
    ] = 0,
    name: Annotated[
        Literal["supabase", "s3proxy", "platform", "external-secrets"],
        cyclopts.Parameter(help="The release that goes back."),
    ] = "supabase",
    yes: Annotated[
        bool, cyclopts.Parameter(help="Agree to going back beforehand.", negative="")
    ] = False,
) -> int:
    """
    Install or upgrade Supabase and S3Proxy; take back an upgrade that fails.

    `helm history supabase` in the cluster lists revisions; so does a `--revision` that is none.
    """
    return run("release", environment, yes=yes, revision=revision, name=name)


@app.command
def verify(*, environment: Environment) -> int:
    """Run the smoke test inside the cluster; change nothing."""
    return run("verify", environment)


@app.command
def rotate(
    *,
    environment: Environment,
    only: Annotated[
        list[str] | None,
        cyclopts.Parameter(
            help="Secrets to replace now, due or not; a pattern (`'pg-*'`) means what rotates "
            "by age.",
            consume_multiple=True,
            negative="",
        ),
    ] = None,
    dry_run: Annotated[
        bool, cyclopts.Parameter(help="Only show what is due; change nothing.", negative="")
    ] = False,
    yes: Annotated[
        bool, cyclopts.Parameter(help="Agree to ending all sessions beforehand.", negative="")
    ] = False,
) -> int:
    """Replace the secrets that are due, without an outage."""
    return run("rotate", environment, yes=yes, only=only, dry_run=dry_run)


@app.command
def destroy(*, environment: Environment, yes: Yes = False) -> int:
    """Show what would be removed, ask, and remove it."""
    return run("destroy", environment, yes=yes)


@app.command
def drift(
    *,
    environment: Environment,
    fail_on: Annotated[
        Literal["info", "warning", "critical"],
        cyclopts.Parameter(help="The mildest severity for which the exit code is 3."),
    ] = "info",
) -> int:
    """
    Look for what is not as it was decided, in Azure, the vault and the cluster; change nothing.

    The exit code is 0 when nothing has drifted, 3 when something has, of this severity or worse.
    """
    return run(
        "drift",
        environment,
        judged=lambda verdict: EXIT_CHANGES if verdict.reaches(fail_on) else 0,
    )


@app.command
def unlock(
    *,
    environment: Environment,
    yes: Annotated[
        bool, cyclopts.Parameter(help="Break a dead run's lock without asking.", negative="")
    ] = False,
) -> int:
    """Show who locks Terraform's state, and break the locks of dead runs if you agree."""
    return run("unlock", environment, yes=yes)


@app.command
def register(
    *,
    keep: Annotated[
        bool, cyclopts.Parameter(help="Remove nothing that no file asks for.", negative="")
    ] = False,
) -> int:
    """Bring Prefect's server to what prefect.yaml and the environment files say."""
    return run("register", prune=not keep)


@app.command
def fleet(  # noqa: PLR0913 # Its options.
    *,
    action: Annotated[
        Literal["drift", "plan", "deploy", "release", "verify", "rotate", "preflight"],
        cyclopts.Parameter(help="The flow to run for each."),
    ] = "drift",
    only: Annotated[
        list[str] | None,
        cyclopts.Parameter(help="Names of environments.", consume_multiple=True, negative=""),
    ] = None,
    canary: Annotated[str, cyclopts.Parameter(help="The environment that goes first.")] = "",
    percent: Annotated[
        int,
        cyclopts.Parameter(
            help="Size of each later wave, in hundredths of all environments: 1 to 100.",
            validator=cyclopts.validators.Number(gte=1, lte=100),
        ),
    ] = 25,
    keep_going: Annotated[
        bool, cyclopts.Parameter(help="Begin the next wave after a failure, too.", negative="")
    ] = False,
    hours: Annotated[
        float,
        cyclopts.Parameter(
            help="How long one wave may take, up to 72; what goes on then counts as gone wrong.",
            validator=cyclopts.validators.Number(gt=0, lte=72),
        ),
    ] = 6,
) -> int:
    """
    Run a flow for many environments, wave by wave, on the workers of their pools.

    Every environment needs its deployment (`register`) and a worker of its pool. The exit code is
    0 when nothing went wrong, 1 when a run did, and 2 when nothing was begun: an environment, its
    deployment or the Prefect server is not there.
    """
    return run(
        "fleet",
        action=action,
        only=only,
        canary=canary,
        percent=percent,
        stop_on_failure=not keep_going,
        hours=hours,
    )


@app.command
def overview() -> int:
    """Show each environment's last deploy, drift, secrets and version; ask nobody but Prefect."""
    return run("overview")


@app.command
def environments() -> int:
    """List the environments and where they go."""
    from tasks import environment as known  # noqa: PLC0415 # Prefect takes seconds to import.

    for name in known.known():
        found = known.load(name)
        sys.stdout.write(f"{name:16} subscription {found.subscription}  {found.hostname}\n")
    return 0


def run(
    flow: str,
    environment: str = "",
    *,
    yes: bool = False,
    judged: Callable[[Any], int] | None = None,
    **more: object,
) -> int:
    """Run one flow in this process; say how it ended in words and in the exit code."""
    from tasks import errors  # noqa: PLC0415 # `--help` answers at once.

    try:
        result = _call(flow, environment, yes=yes, **more)
    except (errors.ConfigError, errors.PreflightError) as error:
        return _complain(error, EXIT_BAD_INPUT)
    except errors.DeployError as error:
        return _complain(error, EXIT_FAILED)
    except KeyboardInterrupt:
        screen.print("Interrupted. Run again: it goes on where it was.", style="yellow")
        return EXIT_INTERRUPTED
    from tasks.outlook import Outlook  # noqa: PLC0415

    if isinstance(result, Outlook):
        sys.stdout.write(f"\n{result.markdown()}")
        return 0 if result.empty else EXIT_CHANGES
    if judged:
        sys.stdout.write(f"{result}\n")
        return judged(result)
    what = f"{flow} of {environment}" if environment else flow
    screen.print(f"{what} succeeded.", style="green")
    if isinstance(result, str):
        sys.stdout.write(f"{result}\n")
    if isinstance(result, list):
        sys.stdout.writelines(f"{line}\n" for line in result or ["Nothing to change."])
    return 0


def _call(flow: str, environment: str, *, yes: bool, **more: object) -> object:
    from tasks import environment as environments_  # noqa: PLC0415

    concerns = [environment] if environment else []
    for name in concerns:
        environments_.load(name)  # A wrong name needs no server to be found wrong.
    if not sys.stderr.isatty():
        os.environ.setdefault("PREFECT_LOGGING_COLORS", "false")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # A plain kill cleans up, too.
    screen.print("Loading Prefect …", style="dim")
    _reach_server()

    import importlib  # noqa: PLC0415

    from prefect import tags  # noqa: PLC0415

    from tasks.approval import ASSUME_YES  # noqa: PLC0415
    from tasks.register import MARK  # noqa: PLC0415
    from tasks.stage import nested  # noqa: PLC0415

    body: Callable[..., Any] = getattr(importlib.import_module(f"flows.{flow}"), flow)
    with nested(), tags(MARK, *concerns, *([ASSUME_YES] if yes else [])):
        return body(*concerns, **more)


def _reach_server() -> None:
    """A dead address would otherwise end in a traceback after minutes of retries."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.settings import PREFECT_API_URL  # noqa: PLC0415

    from tasks.errors import PreflightError  # noqa: PLC0415

    address = PREFECT_API_URL.value()  # From the environment, or from a profile.
    if not address:
        screen.print("No PREFECT_API_URL: this run uses a temporary server.", style="dim")
        return
    with get_client(sync_client=True) as client:
        trouble = client.api_healthcheck()
    if trouble:
        message = f"The Prefect server at {address} does not answer: {trouble}"
        raise PreflightError(message, SERVER_HINT) from trouble


def _complain(error: Any, code: int) -> int:
    screen.print(
        f"\n{type(error).__name__}: {error.message}", style="red", markup=False, soft_wrap=True
    )
    if error.hint:
        screen.print(f"Next: {error.hint}", markup=False, soft_wrap=True)
    return code


def main() -> None:
    sys.exit(app())


if __name__ == "__main__":
    main()
