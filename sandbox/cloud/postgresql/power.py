"""Restart, stop and start; what they change holds once the operation is over."""

from starlette.requests import Request
from starlette.responses import Response

from sandbox import arm
from sandbox.arm import ArmError
from sandbox.cloud.postgresql import configurations
from sandbox.resource_type import POLL, Action
from sandbox.store import Resource, Store

ACCEPTED = 202
STATES = {"restart": "Restarting", "stop": "Stopping", "start": "Starting"}
ACTION, STOPPED, RESTARTS = "power action", "stopped", "restarts"  # Among a server's secrets.


def is_stopped(server: Resource) -> bool:
    return bool(server.secrets.get(STOPPED))


def restarts(server: Resource) -> int:
    """How often the server was restarted through Azure."""
    return int(server.secrets.get(RESTARTS, 0))


def check_on(server: Resource) -> None:
    """Most changes need a server that runs."""
    if is_stopped(server):
        raise ArmError(
            409,
            "ServerIsStopped",
            f"Cannot complete operation while server '{server.name}' is stopped. Start it first.",
        )


def action(store: Store, name: str) -> Action:
    """The POST action `restart`, `stop` or `start`."""

    async def act(request: Request, server: Resource) -> Response:
        version = arm.check_version(request)
        if server.busy:
            raise is_busy(server)
        if name == "restart":
            check_on(server)
        seconds = store.latency.seconds("database_server.update")
        _, operation = store.put(
            server.id, server.body, seconds=seconds, state=STATES[name], secrets={ACTION: name}
        )
        wait = min(store.latency.scaled(POLL), seconds)
        headers = arm.polling_headers(operation.id, server.id, server.location, version, wait)
        return Response(status_code=ACCEPTED, headers=headers)

    return act


def is_busy(server: Resource) -> ArmError:
    return ArmError(
        409,
        "ServerIsBusy",
        f"Cannot complete operation while server '{server.name}' is busy processing another "
        "operation. Try again later.",
    )


def finish(server: Resource, store: Store) -> None:
    """An operation on a server has ended: if it was one of these, and well, this is its effect."""
    done = server.secrets.pop(ACTION, "")
    if not done or server.state != "Succeeded":
        return
    server.secrets[STOPPED] = done == "stop"
    if done != "stop":
        server.secrets[RESTARTS] = restarts(server) + 1
        configurations.restarted(server, store)
    store.touch()
