"""Pods from their admission to their end."""

import asyncio
import logging
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import httpx

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Controller, Surroundings
from sandbox.cluster.controllers.kinds import (
    CONFIG_MAPS,
    PODS,
    SECRETS,
    Key,
    Kind,
    Manifest,
)
from sandbox.cluster.controllers.kubelet import environment, life, probes, programs, volumes
from sandbox.cluster.controllers.kubelet.environment import ConfigError
from sandbox.cluster.controllers.kubelet.life import Life, State, waiting
from sandbox.cluster.controllers.kubelet.programs import Outcome
from sandbox.cluster.controllers.objects import leaving, now, pod_is_finished, status
from sandbox.cluster.controllers.simulated.container import Container, Outside, repository
from sandbox.cluster.controllers.simulated.images import behaviour

LOG = logging.getLogger(__name__)
START = "pod.start"  # Scheduling and image pull, in latency.yaml.
COMMAND_START = "run_command.start"  # The same of the small images that run commands.
SOURCE = "kubelet"
QUANTITY = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?")
MISSING_IMAGE = "does-not-exist"
AT_ONCE = 4  # Commands that run side by side on this machine.
FIRST_BACKOFF, LAST_BACKOFF = 10.0, 300.0
LEAST_BACKOFF = 1.0  # Also at instant pace: a container that cannot start must not spin.


class Obstacle(NamedTuple):
    """Why the containers of a pod wait."""

    reason: str
    message: str


class Kubelet(Controller):
    kind = PODS
    workers = 4

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self.outside: Callable[[Container], Outside]  # What a container reaches: the network.
        self.ended: Callable[[str], None] = lambda _pod: None
        self.lives: dict[str, Life] = {}
        self._next_address = 10
        self._room = asyncio.Semaphore(AT_ONCE)

    # --- What wakes it -------------------------------------------------------------------------

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource == PODS.resource and new is None and old is not None:
            self._forget(old)
        elif kind.resource in (SECRETS.resource, CONFIG_MAPS.resource) and new is not None:
            for pod in self.cache.find(PODS, new["metadata"]["namespace"]):
                if status(pod).get("phase", "Pending") == "Pending":
                    self.queue.add(Key.of(pod))

    def container(self, pod: Manifest, name: str) -> Container | None:
        """A container as it started; None while it does not run."""
        found = self.lives.get(pod["metadata"]["uid"])
        state = found.main.get(name) if found else None
        return state.container if state and state.is_running else None

    async def stop(self) -> None:
        await super().stop()
        tasks = [item.task for item in self.lives.values() if item.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- Life ----------------------------------------------------------------------------------

    async def reconcile(self, key: Key) -> float | None:
        pod = self.cache.get(PODS, key)
        if pod is None:
            return None
        if leaving(pod):
            left = self._drains(pod)
            if left <= 0:
                await self._end(pod)
            return left if left > 0 else None
        if pod_is_finished(pod):
            return None
        found = self.lives.get(pod["metadata"]["uid"]) or self._admit(pod)
        if found is None:
            return None
        again = await self._advance(pod, found)
        await self._report(pod, found)
        return again

    async def _advance(self, pod: Manifest, found: Life) -> float | None:
        """Take the next step; the seconds until there is another one to take."""
        clock = asyncio.get_running_loop().time()
        if clock < found.due:
            return found.due - clock
        if found.task is not None:
            return None
        if all(item.is_running for item in found.main.values()):
            return await self._watch(pod, found)  # Whatever becomes of its Secrets.
        obstacle = self._obstacle(pod)
        if obstacle is None and clock < found.retry:
            return found.retry - clock
        if obstacle is None:
            try:
                containers = self._containers(pod)
            except ConfigError as error:
                obstacle = Obstacle("CreateContainerConfigError", str(error))
            else:
                return await self._launch(pod, found, containers)
        for state in [*found.init.values(), *found.main.values()]:
            if not state.is_running:
                state.state = waiting(*obstacle)
        self._warn(pod, "Failed", f"Error: {obstacle.message}")
        return None

    async def _launch(
        self, pod: Manifest, found: Life, containers: dict[str, Container]
    ) -> float | None:
        if not found.launched:
            found.launched = True
            for container in containers.values():
                self._tell(pod, "Pulled", f'Container image "{container.image}" already present')
                self._tell(pod, "Created", f"Created container: {container.name}")
                self._tell(pod, "Started", f"Started container {container.name}")
        if pod["spec"].get("restartPolicy", "Always") != "Always":
            found.task = asyncio.create_task(self._live(pod, found, containers))
            return None
        for state in found.init.values():
            state.end(Outcome(0))
        return await self._serve(pod, found, containers)

    async def _serve(
        self, pod: Manifest, found: Life, containers: dict[str, Container]
    ) -> float | None:
        """Start long-running containers, or see them crash; those that run are left alone."""
        crashed = 0
        for spec in pod["spec"]["containers"]:
            name, state = spec["name"], found.main[spec["name"]]
            if state.is_running:
                continue
            container = containers[name]
            simulated = behaviour(container.image)
            outside = self.outside(container)
            refusal = await simulated.start(container, outside) if simulated else None
            if refusal:
                state.crash(refusal)
                self._log(pod, name, refusal)
                self._warn(
                    pod, "BackOff", f"Back-off restarting failed container {name}: {refusal}"
                )
                crashed = max(crashed, state.restarts)
                continue
            complaint = await probes.failure(spec, container, found.address, outside)
            state.run(container, ready=complaint is None)
            if complaint:
                self._warn(pod, "Unhealthy", complaint)
        if not crashed:
            return await self._watch(pod, found)
        pause = self._backoff(crashed)
        found.retry = asyncio.get_running_loop().time() + pause
        return pause

    async def _watch(self, pod: Manifest, found: Life) -> float | None:
        """See whether what runs is still ready; the seconds until the next look, if any."""
        clock = asyncio.get_running_loop().time()
        if found.look <= clock:
            pauses = []
            for spec in pod["spec"]["containers"]:
                state = found.main[spec["name"]]
                if state.container is None or not probes.watches(spec):
                    continue
                if found.look:  # The first look was at the start.
                    outside = self.outside(state.container)
                    complaint = await probes.failure(spec, state.container, found.address, outside)
                    state.judge(complaint, probes.patience(spec))
                    if complaint:
                        self._warn(pod, "Unhealthy", complaint)
                well = state.ready and not state.misses
                pauses.append(probes.period(spec) if well else LEAST_BACKOFF)
            if not pauses:
                return None
            found.look = clock + min(pauses)
        return found.look - clock

    def _backoff(self, restarts: int) -> float:
        backoff = min(FIRST_BACKOFF * 2 ** (restarts - 1), LAST_BACKOFF)
        return max(LEAST_BACKOFF, self.latency.scaled(backoff))

    # --- Admission -----------------------------------------------------------------------------

    def _admit(self, pod: Manifest) -> Life | None:
        """Begin with a pod that has a node; one that ran before we did goes on at once."""
        node = pod["spec"].get("nodeName")
        if node is None:
            return None
        known = status(pod).get("podIP")
        seconds = 0.0 if known else self.latency.seconds(operation(pod))
        due = asyncio.get_running_loop().time() + seconds
        found = Life.of(pod, node, known or self._address(), due)
        found.begun = status(pod).get("startTime") or now()
        found.launched = bool(known)
        self.lives[pod["metadata"]["uid"]] = found
        return found

    def _address(self) -> str:
        """The next free address of the pod network."""
        taken = {status(pod).get("podIP") for pod in self.cache.find(PODS)}
        while True:
            self._next_address += 1
            address = f"10.244.{self._next_address // 250 % 250}.{self._next_address % 250 + 1}"
            if address not in taken:
                return address

    # --- Configuration -------------------------------------------------------------------------

    def _obstacle(self, pod: Manifest) -> Obstacle | None:
        """What keeps the containers from being created, apart from missing references."""
        for spec in [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]:
            image = spec.get("image", "")
            if MISSING_IMAGE in image:
                self._warn(pod, "BackOff", f'Back-off pulling image "{image}"')
                return Obstacle("ImagePullBackOff", f'Back-off pulling image "{image}"')
            resources = spec.get("resources") or {}
            for group in ("limits", "requests"):
                for name, amount in (resources.get(group) or {}).items():
                    if not QUANTITY.fullmatch(str(amount)):
                        message = f"{group}.{name} {amount!r}: not a quantity such as 250m or 1Gi"
                        return Obstacle("CreateContainerError", message)
        return None

    def _containers(self, pod: Manifest) -> dict[str, Container]:
        """All containers of a pod with their variables and files, or why they cannot start."""
        namespace = pod["metadata"]["namespace"]
        found = self.lives[pod["metadata"]["uid"]]
        placed = pod | {"status": status(pod) | {"podIP": found.address}}
        placed["spec"] = pod["spec"] | {"nodeName": found.node}

        def find(kind: Kind, name: str) -> Manifest | None:
            return self.cache.get(kind, Key(namespace, name))

        for volume in pod["spec"].get("volumes") or []:
            try:
                environment.volume_files(volume, placed, find)
            except ConfigError as error:
                text = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
                self._warn(pod, "FailedMount", text)
                raise
        shared: dict[str, str] = {}
        containers = {}
        for spec in [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]:
            env = environment.variables(spec, placed, find)
            containers[spec["name"]] = Container(
                spec["name"],
                spec.get("image", ""),
                namespace,
                pod["metadata"]["name"],
                env,
                environment.files(spec, placed, find) | volumes.left(pod["spec"], spec),
                dict(shared),
                tuple(int(port["containerPort"]) for port in spec.get("ports") or []),
            )
            shared |= env
        return containers

    # --- Commands ------------------------------------------------------------------------------

    async def _live(self, pod: Manifest, found: Life, containers: dict[str, Container]) -> None:
        """Run a pod that ends: its init containers one by one, then the others together."""
        for spec in pod["spec"].get("initContainers") or []:
            await self._run(pod, spec, found.init[spec["name"]], containers[spec["name"]])
            if found.init[spec["name"]].outcome != 0:
                break
        else:
            await asyncio.gather(
                *(
                    self._run(pod, spec, found.main[spec["name"]], containers[spec["name"]])
                    for spec in pod["spec"]["containers"]
                )
            )
        self.queue.add(Key.of(pod))

    async def _run(self, pod: Manifest, spec: Manifest, state: State, container: Container) -> None:
        """Run one command; OnFailure starts it again, in the same pod, after a pause."""
        again = pod["spec"].get("restartPolicy") == "OnFailure"
        while True:
            state.run(container, ready=True)
            self.queue.add(Key.of(pod))
            outcome = await self._execute(pod, spec, container)
            if outcome.code == 0 or not again:
                state.end(outcome)
                return
            state.crash(outcome.message or outcome.reason, outcome.code)
            self.queue.add(Key.of(pod))
            await asyncio.sleep(self._backoff(state.restarts))

    async def _execute(self, pod: Manifest, spec: Manifest, container: Container) -> Outcome:
        obstacle = programs.obstacle(self.around.settings, container.image)
        if obstacle is not None:
            text = f"{container.image} is not run in the sandbox{obstacle}: success."
            self._log(pod, container.name, text)
            return Outcome(0)
        deadline = pod["spec"].get("activeDeadlineSeconds") or programs.DEADLINE
        path = self._log_path(pod, container.name)
        async with self._room:
            settings = self.around.settings
            try:
                return await programs.run(settings, container, spec, path, float(deadline))
            except Exception as error:  # Whatever a manifest holds: the pod must come to an end.
                LOG.exception("the container %s did not start", container.name)
                text = f"failed to start container {container.name}: {error}"
                self._log(pod, container.name, text)
                return Outcome(programs.NOT_FOUND, "StartError", text)

    # --- Telling -------------------------------------------------------------------------------

    async def _report(self, pod: Manifest, found: Life) -> None:
        wanted = life.status(pod, found)
        try:
            await self.around.set_status(PODS, pod, wanted)
        except ApiError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    def _log_path(self, pod: Manifest, name: str) -> Path:
        metadata = pod["metadata"]
        return self.around.settings.log(
            metadata["namespace"], metadata["name"], metadata["uid"], name
        )

    def _log(self, pod: Manifest, name: str, line: str) -> None:
        path = self._log_path(pod, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as log:
            log.write(f"{line}\n")

    def _tell(self, pod: Manifest, reason: str, message: str) -> None:
        self.around.recorder.normal(SOURCE, PODS, pod, reason, message)

    def _warn(self, pod: Manifest, reason: str, message: str) -> None:
        self.around.recorder.warning(SOURCE, PODS, pod, reason, message)

    # --- The end -------------------------------------------------------------------------------

    def _drains(self, pod: Manifest) -> float:
        """Seconds for which a pod that has to go still ends what it has begun."""
        found, clock = self.lives.get(pod["metadata"]["uid"]), asyncio.get_running_loop().time()
        if found is None or found.phase != "Running":
            return 0.0
        if found.leaves is None:
            found.leaves = clock + self.latency.scaled(life.notice(pod))
        return found.leaves - clock

    async def _end(self, pod: Manifest) -> None:
        self._forget(pod)
        if not pod["metadata"].get("finalizers"):
            try:
                await self.around.client.delete(PODS, pod, gracePeriodSeconds=0)
            except ApiError as error:
                if error.status not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
                    raise

    def _forget(self, pod: Manifest) -> None:
        found = self.lives.pop(pod["metadata"]["uid"], None)
        if found and found.task:
            found.task.cancel()
        self.ended("/".join(Key.of(pod)))
        shutil.rmtree(self._log_path(pod, "any").parent, ignore_errors=True)


def operation(pod: Manifest) -> str:
    """Which duration of `latency.yaml` the start of a pod takes."""
    images = (repository(spec["image"]) for spec in pod["spec"]["containers"])
    return COMMAND_START if any(programs.WAITS in image for image in images) else START
