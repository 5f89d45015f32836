"""The life of one pod in the kubelet's memory, and how it is told as a status."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.kubelet.programs import Outcome
from sandbox.cluster.controllers.objects import condition, now
from sandbox.cluster.controllers.simulated.container import Container

CREATING: Manifest = {"waiting": {"reason": "ContainerCreating"}}
INITIALIZING: Manifest = {"waiting": {"reason": "PodInitializing"}}


def waiting(reason: str, message: str) -> Manifest:
    return {"waiting": {"reason": reason, "message": message}}


@dataclass
class State:
    """One container of a pod."""

    state: Manifest = field(default_factory=lambda: CREATING)
    ready: bool = False
    misses: int = 0  # Looks one after the other at which it was not ready.
    restarts: int = 0
    last: Manifest = field(default_factory=dict)
    container: Container | None = None  # Known from its start on.

    @property
    def is_running(self) -> bool:
        return "running" in self.state

    @property
    def outcome(self) -> int | None:
        """The exit code of a container that has ended."""
        ended = self.state.get("terminated")
        return None if ended is None else int(ended["exitCode"])

    def judge(self, complaint: str | None, patience: int) -> None:
        """Ready at once where nothing speaks against it; no more after so many complaints."""
        self.misses = self.misses + 1 if complaint else 0
        self.ready = not complaint or (self.ready and self.misses < patience)

    def run(self, container: Container, *, ready: bool) -> None:
        self.container = container
        self.ready = ready
        if not self.is_running:
            self.state = {"running": {"startedAt": now()}}

    def end(self, outcome: Outcome) -> None:
        begun = self.state.get("running", {}).get("startedAt", now())
        ended = {"exitCode": outcome.code, "reason": outcome.reason}
        if outcome.message:
            ended["message"] = outcome.message
        self.state = {"terminated": ended | {"startedAt": begun, "finishedAt": now()}}
        self.ready = False

    def crash(self, message: str, code: int = 1) -> None:
        """Ended, and about to be started again."""
        self.end(Outcome(code, "Error"))
        self.last, self.restarts = self.state, self.restarts + 1
        self.state = waiting("CrashLoopBackOff", message)


@dataclass
class Life:
    """What the kubelet knows of a pod beyond its manifest."""

    node: str
    address: str
    due: float  # Loop time at which the pod has been scheduled and its images are here.
    retry: float = 0.0  # Loop time of the next start of a crashed container.
    look: float = 0.0  # Loop time of the next look at what runs.
    leaves: float | None = None  # Loop time at which it ends, once it has to go.
    begun: str = ""
    launched: bool = False
    init: dict[str, State] = field(default_factory=dict)
    main: dict[str, State] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    @classmethod
    def of(cls, pod: Manifest, node: str, address: str, due: float) -> "Life":
        life = cls(node, address, due)
        life.init = {item["name"]: State() for item in pod["spec"].get("initContainers") or []}
        life.main = {item["name"]: State() for item in pod["spec"]["containers"]}
        if life.init:
            for state in life.main.values():
                state.state = INITIALIZING
        return life

    @property
    def phase(self) -> str:
        codes = [state.outcome for state in self.main.values()]
        if any(state.outcome not in (None, 0) for state in self.init.values()):
            return "Failed"
        if all(code is not None for code in codes):
            return "Failed" if any(codes) else "Succeeded"
        started = all(
            state.is_running or state.restarts or state.outcome is not None
            for state in self.main.values()
        )
        return "Running" if started else "Pending"


def notice(pod: Manifest) -> float:
    """Seconds for which the containers of a pod go on after its end was asked for."""
    grace = float(pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    sleeps = [
        ((item.get("lifecycle") or {}).get("preStop") or {}).get("sleep") or {}
        for item in pod["spec"]["containers"]
    ]
    return min(grace, max(float(sleep.get("seconds", 0)) for sleep in sleeps))


def status(pod: Manifest, life: Life) -> Manifest:
    """The status of a pod, as far as the kubelet writes it."""
    phase = life.phase
    initialized = all(state.outcome == 0 for state in life.init.values())
    unready = [name for name, state in life.main.items() if not state.ready]
    reason, message = "", ""
    if phase == "Succeeded":
        reason = "PodCompleted"
    elif unready:
        reason = "ContainersNotReady"
        message = f"containers with unready status: [{' '.join(unready)}]"
    told: dict[str, Any] = {
        "phase": phase,
        "conditions": [
            condition("PodScheduled", True),
            condition("Initialized", initialized or phase == "Succeeded"),
            condition("ContainersReady", not unready, reason, message),
            condition("Ready", not unready, reason, message),
        ],
        "containerStatuses": _containers(pod["spec"]["containers"], life.main, init=False),
        "startTime": life.begun,
    }
    if life.init:
        specs = pod["spec"]["initContainers"]
        told["initContainerStatuses"] = _containers(specs, life.init, init=True)
    if life.launched:
        told["podIP"] = life.address
        told["podIPs"] = [{"ip": life.address}]
    return told


def _containers(specs: list[Manifest], states: dict[str, State], *, init: bool) -> list[Manifest]:
    """The status of each container; an init container that has succeeded counts as ready."""
    found = []
    for spec in specs:
        state = states[spec["name"]]
        found.append(
            {
                "name": spec["name"],
                "image": spec.get("image", ""),
                "imageID": f"sandbox://{spec.get('image', '')}" if state.container else "",
                "ready": state.ready or (init and state.outcome == 0),
                "started": state.is_running,
                "restartCount": state.restarts,
                "state": state.state,
                "lastState": state.last,
            }
        )
    return found
