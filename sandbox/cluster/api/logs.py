"""What containers printed: the files that the kubelet writes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.responses import Response, StreamingResponse

from sandbox.cluster.api import errors
from sandbox.cluster.api.calls import Call
from sandbox.cluster.api.objects import Target
from sandbox.cluster.api.selectors import at
from sandbox.cluster.api.storage import Object, Storage
from sandbox.cluster.settings import Settings

PAUSE = 0.2  # Seconds between two looks at a log that somebody follows.
FINISHED = ("Succeeded", "Failed")
WAITING = ("ContainerCreating", "PodInitializing")


def answer(
    settings: Settings, storage: Storage, call: Call, target: Target, pod: Object
) -> Response:
    """The log of one container, whole or followed to its end."""
    container = _container(call, pod)
    metadata = pod["metadata"]
    path = settings.log(metadata["namespace"], metadata["name"], metadata["uid"], container)
    if not path.exists():
        _demand_started(pod, container)
    printed = _after(path, 0)
    text = _cut(printed, call)
    if not call.flag("follow"):
        return Response(text, media_type="text/plain")
    following = _follow(storage, target, path, text, len(printed))
    return StreamingResponse(following, media_type="text/plain")


def _container(call: Call, pod: Object) -> str:
    """The container that is meant; without a name there must be only one."""
    names = [
        each["name"]
        for field in ("containers", "initContainers")
        for each in pod["spec"].get(field) or ()
    ]
    wanted = call.query.get("container", "")
    own = [each["name"] for each in pod["spec"].get("containers", ())]
    name = pod["metadata"]["name"]
    if wanted and wanted not in names:
        raise errors.bad_request(f"container {wanted} is not valid for pod {name}")
    if not wanted and len(own) > 1:
        listed = " ".join(own)
        raise errors.bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{listed}]"
        )
    return wanted or own[0]


def _demand_started(pod: Object, container: str) -> None:
    statuses = [
        *(at(pod, "status.containerStatuses") or ()),
        *(at(pod, "status.initContainerStatuses") or ()),
    ]
    state = next((each.get("state") or {} for each in statuses if each["name"] == container), {})
    if "running" in state or "terminated" in state:
        return
    reason = (state.get("waiting") or {}).get("reason", WAITING[0])
    why = "is waiting to start"
    if reason not in WAITING:
        why = f"is waiting to start: {(state.get('waiting') or {}).get('message') or reason}"
    else:
        why = f"{why}: {reason}"
    name = pod["metadata"]["name"]
    raise errors.bad_request(f'container "{container}" in pod "{name}" {why}')


def _cut(text: bytes, call: Call) -> bytes:
    """The part of a log that was asked for."""
    if (tail := call.query.get("tailLines", "")).isdigit():
        lines = text.splitlines(keepends=True)
        text = b"".join(lines[-int(tail) :] if int(tail) else [])
    if (limit := call.query.get("limitBytes", "")).isdigit():
        text = text[: int(limit)]
    return text


async def _follow(
    storage: Storage, target: Target, path: Path, text: bytes, position: int
) -> AsyncIterator[bytes]:
    """What is there, then what comes, until the pod has ended."""
    yield text
    while True:
        pod = storage.get(target.kind.resource, target.namespace, target.name)
        ended = pod is None or at(pod, "status.phase") in FINISHED
        if more := _after(path, position):
            position += len(more)
            yield more
        if ended:
            return
        await asyncio.sleep(PAUSE)


def _after(path: Path, position: int) -> bytes:
    """What was written behind a position."""
    if not path.exists():
        return b""
    with path.open("rb") as log:
        log.seek(position)
        return log.read()
