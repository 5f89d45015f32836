"""How every task behaves: its name, no cache, no stored result, waits that explain themselves."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE

from tasks import redaction, wait
from tasks.errors import DeployError

P = ParamSpec("P")
R = TypeVar("R")


def step(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """
    Turn a function into a task; `name` may use its arguments, as in `install-{release}`.

    Every step brings to a state, so it may run again. It is tried once; `wait.patient` gives it
    the patience that the environment grants to its kind of wait.
    """

    def decorate(function: Callable[P, R]) -> Task[P, R]:
        @wraps(function)
        def explained(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except DeployError as error:
                redaction.cleanse(error)
                if error.transient:
                    wait.show(error)
                else:
                    wait.tell(error)
                raise

        return task(
            name=name.split("{", maxsplit=1)[0].rstrip("-"),
            task_run_name=name,
            cache_policy=NO_CACHE,
            persist_result=False,
        )(explained)

    return decorate
