"""How every flow behaves: its name, its run's name, and no program left behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from typing import ParamSpec, TypeVar
from uuid import UUID

from prefect import Flow, flow, tags
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import Pause
from prefect.runtime import flow_run
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled

from tasks import redaction, shell
from tasks.errors import DeployError

P = ParamSpec("P")
R = TypeVar("R")


def stage(function: Callable[P, R]) -> Flow[P, R]:
    """Turn a function into a flow that also runs alone; its run is named after its environment."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        redaction.watch_logs()
        try:
            with tags(*flow_run.tags):  # Prefect passes those of a deployment to no other run.
                return function(*args, **kwargs)
        except Pause:
            _begins_anew()
            raise
        except DeployError as error:
            redaction.cleanse(error)
            raise
        except Exception:
            raise  # A failure beside it is no reason to stop what Azure is building.
        except BaseException:
            shell.interrupt_all()  # Tasks in worker threads do not hear of a cancelled run.
            raise

    name = getattr(function, "__name__", "flow").replace("_", "-")
    named = "environment" in signature(function).parameters
    return flow(
        name=name,
        flow_run_name=name + "-{environment}" if named else name,
        persist_result=False,
    )(guarded)


def _begins_anew() -> None:
    """A suspended run will start from its top: a stage inside it ends here."""
    if flow_run.parent_flow_run_id is None:
        return
    ended: State[None] = Cancelled(
        name="Suspended", message="Ends with its run, which waits for an answer."
    )
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(UUID(str(flow_run.id)), ended, force=True)


@contextmanager
def nested() -> Iterator[None]:
    """Run a stage inside another one without a heartbeat of its own: the outer one is enough."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
