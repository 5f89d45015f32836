"""Tell whoever listens what became of an environment; automations act on these events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from prefect.events import emit_event
from prefect.runtime import flow_run

from tasks import wait
from tasks.errors import DeployError

RESOURCE = "supabase.environment."  # Before the environment's name: whom an event is about.
LABELS = ("severity",)  # What automations choose by: they match labels, never a payload.
LONGEST = 1000  # Characters of a reason: a notification is read on a telephone.


def announce(event: str, environment: str, payload: Mapping[str, Any]) -> None:
    """
    Emit an event about an environment, with the current run beside it.

    Sent in the background; an event that cannot be sent is a warning, never a failure. The payload
    is kept by the server and shown in notifications: a few facts, and nothing secret. Automations
    choose by its `severity`.
    """
    if not wait.within_run():
        return  # A step that is called by itself concerns nobody else.
    about = {"prefect.resource.id": RESOURCE + environment, "prefect.resource.name": environment}
    about |= {f"supabase.{label}": str(payload[label]) for label in LABELS if label in payload}
    facts = {"environment": environment, "run": str(flow_run.name), **payload}
    try:
        emit_event(event, resource=about, payload=facts)
    except Exception as error:  # noqa: BLE001 # Whatever it is, the work goes on.
        wait.logger().warning("Event %s was not sent: %s", event, error)


@contextmanager
def outcome(of: str, environment: str, payload: Mapping[str, Any]) -> Iterator[None]:
    """Announce `<of>.succeeded` or `<of>.failed`, whichever becomes of what happens inside."""
    try:
        yield
    except Exception as error:
        announce(f"{of}.failed", environment, {**payload, **reason(error)})
        raise
    announce(f"{of}.succeeded", environment, payload)


def reason(error: Exception) -> dict[str, str]:
    """Why it failed and what to do next; a foreign error's own words may hold anything."""
    if isinstance(error, DeployError):
        return {"reason": shorten(error.message, LONGEST), "next": error.hint}
    return {"reason": f"An unexpected {type(error).__name__}.", "next": "Read the log of the run."}


def shorten(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
