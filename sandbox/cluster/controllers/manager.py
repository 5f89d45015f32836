"""All controllers of a cluster, started and stopped together."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.capacity import (
    Autoscalers,
    DisruptionBudgets,
    VolumeClaims,
)
from sandbox.cluster.controllers.client import ApiError, Client
from sandbox.cluster.controllers.controller import Surroundings, Worker
from sandbox.cluster.controllers.events import Recorder
from sandbox.cluster.controllers.external_secrets.operator import Operator
from sandbox.cluster.controllers.garbage import Collector, Namespaces
from sandbox.cluster.controllers.gateways.classes import Classes
from sandbox.cluster.controllers.gateways.gateways import Gateways, Routes
from sandbox.cluster.controllers.gateways.published import backend
from sandbox.cluster.controllers.kinds import PODS, Key, Kind, Manifest
from sandbox.cluster.controllers.kubelet.pods import Kubelet
from sandbox.cluster.controllers.network import Network
from sandbox.cluster.controllers.scheduling.nodes import Nodes
from sandbox.cluster.controllers.scheduling.scheduler import Scheduler
from sandbox.cluster.controllers.services import Services
from sandbox.cluster.controllers.simulated.world import World
from sandbox.cluster.controllers.workloads.daemon_sets import DaemonSets
from sandbox.cluster.controllers.workloads.deployments import Deployments
from sandbox.cluster.controllers.workloads.jobs import Jobs
from sandbox.cluster.controllers.workloads.replica_sets import ReplicaSets
from sandbox.cluster.controllers.workloads.stateful_sets import StatefulSets
from sandbox.cluster.settings import Settings

GLANCE = 0.05  # Seconds between two looks at a pod that somebody waits for.


class Controllers:
    """
    The working half of a cluster; `client` leads to its API server as an administrator.

    Each kind takes one lasting connection for its watch: the client must not limit their number.
    """

    def __init__(self, settings: Settings, client: httpx.AsyncClient, world: World) -> None:
        api = Client(client)
        self._cache = Cache(api)
        self._recorder = Recorder(api)
        self._around = Surroundings(settings, api, self._cache, self._recorder)
        self._nodes = Nodes(self._around)
        kubelet = Kubelet(self._around)
        self._network = Network(self._cache, kubelet, world)
        self._operator = Operator(self._around)
        self._classes = Classes(self._around)
        self._workers: tuple[Worker[Any], ...] = (
            self._nodes,
            Scheduler(self._around, self._nodes),
            kubelet,
            Deployments(self._around),
            ReplicaSets(self._around),
            StatefulSets(self._around),
            DaemonSets(self._around),
            Jobs(self._around),
            Services(self._around),
            VolumeClaims(self._around),
            Autoscalers(self._around),
            DisruptionBudgets(self._around),
            Namespaces(self._around),
            Collector(self._around),
            self._classes,
            Gateways(self._around),
            Routes(self._around),
            *self._operator.workers,
        )
        self._cache.handlers.append(self._notice)

    async def start(self) -> None:
        """Return when every kind has been listed and the nodes are ready."""
        await self._cache.start()
        await self._nodes.furnish()
        self._recorder.start()
        for worker in self._workers:
            worker.start()

    async def stop(self) -> None:
        """End watches, workers and running commands."""
        await self._cache.stop()
        for worker in self._workers:
            await worker.stop()
        await self._operator.close()
        await self._recorder.stop()

    def refresh_nodes(self) -> None:
        """The pools have changed: bring the nodes after them."""
        self._nodes.refresh()

    def refresh_gateways(self) -> None:
        """Application routing has changed: bring what it brings."""
        self._classes.refresh()

    async def create_pod(self, manifest: Manifest) -> Manifest:
        """Make a pod; `PermissionError` with the words of an API server that refuses it."""
        try:
            return await self._around.client.create(PODS, manifest)
        except ApiError as error:
            raise PermissionError(str(error)) from error

    async def await_pod(
        self, made: Manifest, reached: Callable[[Manifest], bool], seconds: float
    ) -> Manifest | None:
        """The pod once it is so, or as it is when time is up; None when it is gone."""
        pod, key = made, Key.of(made)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not reached(pod):
                    await asyncio.sleep(GLANCE)
                    found = self._cache.get(PODS, key)  # Which may not have heard of it yet.
                    found = found or await self._around.client.get(PODS, key.namespace, key.name)
                    if found is None or found["metadata"]["uid"] != made["metadata"]["uid"]:
                        return None
                    pod = found
        return pod

    async def end_pod(self, made: Manifest) -> None:
        """Delete a pod at once, if it is still there."""
        try:
            await self._around.client.delete(PODS, made, gracePeriodSeconds=0)
        except ApiError as error:
            if error.status not in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
                raise

    async def answer(self, request: Request) -> Response:
        """Answer HTTP to a host inside the cluster, as the pods behind its Service would."""
        return await self._network.answer(request)

    async def converse(self, socket: WebSocket) -> None:
        """Carry a websocket to a host inside the cluster."""
        await self._network.converse(socket)

    def published(self, host: str) -> str:
        """Where requests for a name that a route claims go: a Service and its port."""
        return backend(self._cache, host)

    def resolves(self, host: str) -> bool:
        """May a pod mean a Service by this name."""
        return self._network.resolves(host)

    def _notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        for worker in self._workers:
            worker.notice(kind, old, new)
