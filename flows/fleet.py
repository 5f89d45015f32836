"""One thing for many environments: a canary first, then wave by wave, until something fails."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from tasks import environment as environments
from tasks import fleet as runs
from tasks import wait
from tasks.environment import Wait
from tasks.errors import ConfigError, HealthError, NotReadyError
from tasks.fleet import Begun, Outcome
from tasks.stage import stage
from tasks.wait import patient

Action = Literal["drift", "plan", "deploy", "release", "verify", "rotate", "preflight"]
WATCH = Wait(first=2, every=15, at_most=120)  # For a server that is just being restarted.


@stage
def fleet(  # noqa: PLR0913, PLR0917 # Each is a field of the form in the UI.
    action: Action = "drift",
    only: list[str] | None = None,
    canary: str = "",
    percent: Annotated[int, Field(ge=1, le=100)] = 25,
    stop_on_failure: bool = True,
    hours: Annotated[float, Field(gt=0, le=72)] = 6,
) -> int:
    """
    Run one flow for every environment, through the deployments and work pools of each.

    Args:
        action: The flow to run; `drift`, `plan`, `verify` and `preflight` change nothing.
        only: Names of environments; empty means every file in deployments/.
        canary: The environment that goes first, by itself; empty means none.
        percent: Size of each later wave, in hundredths of all environments, 1 to 100.
        stop_on_failure: Whether a wave in which a run fails is the last one.
        hours: How long one wave may take; what goes on then counts as gone wrong.
    """
    began = datetime.now(UTC)
    names = chosen(only or [], canary)
    patient(runs.check, WATCH)(action, names)
    parted = list(runs.waves(names, canary, percent))
    told: list[Outcome] = []
    patience = Wait(first=2, factor=1.3, every=15, at_most=hours * 3600)
    try:
        for number, wave in enumerate(parted, start=1):
            wait.logger().info("Wave %d of %d: %s.", number, len(parted), runs.listed(wave))
            carried_out(action, number, wave, patience, told)
            if stop_on_failure and any(one.bad for one in told):
                break
    finally:
        rest = not_begun(parted, told)
        runs.show(f"{action} of {len(names)} environments", [*told, *rest], began)
    if bad := [one.environment for one in told if one.bad]:
        raise HealthError(
            f"{action} went wrong for {runs.listed(bad)}; {len(rest)} environments were not begun.",
            "Read their runs (the artifact `fleet` links them), mend the cause, and run again; "
            "what is done already takes little time.",
        )
    return len(told)


def not_begun(parted: Sequence[Sequence[str]], told: Sequence[Outcome]) -> list[Outcome]:
    reached = {one.environment for one in told}
    return [
        Outcome(name, number)
        for number, wave in enumerate(parted, start=1)
        for name in wave
        if name not in reached
    ]


def chosen(only: Sequence[str], canary: str) -> list[str]:
    """Names of files; their content is for the run that each of them gets."""
    known = environments.known()
    names = list(only) or known
    if unknown := [name for name in [*names, *filter(None, [canary])] if name not in known]:
        raise ConfigError(
            f"There is no environment {', '.join(unknown)}.",
            f"Known: {', '.join(known) or 'none'}.",
        )
    if canary and canary not in names:
        raise ConfigError(
            f"The canary {canary} is not among the chosen environments.",
            "Add it, or choose another.",
        )
    return names


def carried_out(
    action: Action, number: int, wave: Sequence[str], patience: Wait, told: list[Outcome]
) -> None:
    """One wave, all of it at once; as many run beside each other as there are workers."""
    begun: list[Begun] = []
    try:
        for name in wave:
            begun.append(runs.begin(action, name))  # noqa: PERF401 # One may fail after others.
        patient(runs.finish, patience)(number, begun)
    except NotReadyError as error:
        wait.logger().error("%s Not waiting any longer.", error.message)
    except Exception:
        raise  # The runs go on without this one; nobody asked them to stop.
    except BaseException:
        runs.cancel(begun)
        raise
    finally:
        told += runs.outcomes(number, begun)
