"""How every flow behaves: its name, its run's name, and no program left behind."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from prefect import Flow, flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

from tasks import shell

P = ParamSpec("P")
R = TypeVar("R")


def stage(function: Callable[P, R]) -> Flow[P, R]:
    """Turn a function with an `environment` parameter into a flow that also runs alone."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except Exception:
            raise  # A failure beside it is no reason to stop what Azure is building.
        except BaseException:
            shell.interrupt_all()  # Tasks in worker threads do not hear of a cancelled run.
            raise

    name = getattr(function, "__name__", "flow").replace("_", "-")
    return flow(
        name=name,
        flow_run_name=name + "-{environment}",
        persist_result=False,
    )(guarded)


@contextmanager
def nested() -> Iterator[None]:
    """Run a stage inside another one without a heartbeat of its own: the outer one is enough."""
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield
