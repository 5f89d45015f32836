"""The sandbox as a running program: one cloud behind one port, and a way to talk to it."""

import asyncio
import errno
import hmac
import logging
import os
import secrets
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.app import Cloud, Logged, Noted
from sandbox.arm import ArmError
from sandbox.bodies import Bounded
from sandbox.cloud.managed_identity import LocalEndpoint
from sandbox.front import Front
from sandbox.latency import Latency
from sandbox.overview import overview
from sandbox.page import Page
from sandbox.request_log import Journal
from sandbox.snapshot import Part, Snapshot, SnapshotError
from sandbox.state import FOLDERS, Running, SandboxError, State
from sandbox.weather import Exposed, Plan, control

LOG = logging.getLogger(__name__)
TOKENS = ("/msi/token", "/msi/{proof}/token")
Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Runs until it is told to stop."""

    def __init__(
        self, state: State, latency: Latency, plans: Iterable[tuple[Plan, str]] = ()
    ) -> None:
        """`plans` are what goes wrong from the start, with the names of scenarios."""
        self.state = state
        self.latency = latency
        self.plans = list(plans)
        self.identity = state.identity()
        self.authority = state.authority()
        self.token = secrets.token_urlsafe(24)
        self.cloud = self.fresh()
        self.page = Page(lambda: self.cloud, state.requests)
        self.front = Front(
            self.cloud.hosts,
            self.authority,
            Bounded(self.control()),
            self.observed,
        )
        self.snapshot: Snapshot | None = None  # Opened with the start.
        self._stopping = asyncio.Event()
        self._changing = asyncio.Lock()  # Of the cloud: one reset, or the stop, at a time.
        self._life: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
        self._journal = Journal(state.requests)

    def observed(self, app: ASGIApp) -> ASGIApp:
        """Exposed to the weather, written to the log, and kept if it changes something."""
        exposed = Exposed(app, self.cloud.weather)
        noted = Noted(exposed, self.cloud.store)
        return Logged(noted, self._journal, self.cloud.name_of)

    def fresh(self) -> Cloud:
        cloud = Cloud(self.identity, self.authority, self.state.folder, self.latency.fresh())
        for plan, scenario in self.plans:
            cloud.weather.add(plan.faults, scenario)
        return cloud

    async def start(self, port: int) -> Running:
        """Go on from the last snapshot, listen, then tell where."""
        try:
            self.snapshot = Snapshot(self.state.folder, self._parts)
            await self._listen(port)
            self.cloud.fleet.port = self.front.port  # Clusters start with it.
            self.snapshot.load()
        except SnapshotError as error:
            raise SandboxError(
                str(error),
                "Start without it, which empties the sandbox: python -m sandbox up --fresh",
            ) from error
        self._enliven()
        self._saving = asyncio.get_running_loop().create_task(self.snapshot.live())
        running = Running(
            os.getpid(), self.front.port, self.latency.profile, self.latency.scale, self.token
        )
        self.state.announce(running)
        return running

    def _parts(self) -> Iterable[Part]:
        """Of the cloud as it is now: a reset brings another one."""
        return self.cloud.parts()

    async def _listen(self, port: int) -> None:
        try:
            await self.front.start(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise SandboxError(
                f"Port {port} is taken by another program.", "Choose another with --port."
            ) from error

    async def serve(self) -> None:
        """Until SIGINT, SIGTERM or a stop request."""
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stopping.set)
        await self._stopping.wait()
        await self.stop()

    async def stop(self) -> None:
        self.state.withdraw()
        async with self._changing:
            await self._retire()  # First, for it ends the watches that hold connections open.
        await self.front.stop()
        if self.snapshot and self._saving:  # Last, so that it holds whatever was answered.
            self.snapshot.stop()
            await self._saving
            await self.snapshot.close()
        self._journal.close()

    async def reset(self) -> None:
        """An empty subscription again; addresses and credentials stay."""
        async with self._changing:
            self.front.hold()  # Nobody builds in, or hears of, a cloud that is no more.
            try:
                await self._retire()
                for left in FOLDERS:
                    place = self.state.folder / left
                    await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
                self.cloud = self.fresh()
                self._enliven()
            finally:
                self.front.go_on(self.cloud.hosts)
            if self.snapshot:
                await self.snapshot.save()

    def _enliven(self) -> None:
        self.cloud.fleet.port = self.front.port
        self.cloud.go_on()
        self._life = asyncio.get_running_loop().create_task(self.cloud.live())
        self._life.add_done_callback(mourn)

    async def _retire(self) -> None:
        if self._life:
            self._life.cancel()
        await self.cloud.stop()

    # --- What the other commands ask, with the token from the state directory --------------------

    def control(self) -> Starlette:
        """What is asked of the sandbox itself; the page has a guard of its own."""
        asked: dict[tuple[str, str], Handler] = {
            ("GET", "/status"): self._status,
            ("GET", "/networks"): self._networks,
            ("GET", "/clusters/{name}/kubeconfig"): self._kubeconfig,
            ("GET", "/identities/{name:path}"): self._identity,
            ("POST", "/page"): self._open_page,
            ("POST", "/stop"): self._stop,
            ("POST", "/reset"): self._reset,
            **control.Control(lambda: self.cloud.weather).asked(),
        }
        routes = [
            Route(path, self.guarded(handler), methods=[method])
            for (method, path), handler in asked.items()
        ]
        rest = Route("/{rest:path}", self.guarded(nothing), methods=None)
        routes += [Route(path, self._token, methods=["GET", "POST"]) for path in TOKENS]
        return Starlette(routes=[*routes, *self.page.routes(), rest])

    def guarded(self, handler: Handler) -> Handler:
        """Only for those who can read the state directory."""

        async def guard(request: Request) -> Response:
            offered = request.headers.get("authorization", "").removeprefix("Bearer ")
            if hmac.compare_digest(offered.encode(), self.token.encode()):
                return await handler(request)
            return PlainTextResponse("This is the proxy of an Azure sandbox.\n", 403)

        return guard

    async def _status(self, _request: Request) -> Response:
        return JSONResponse(overview(self.cloud))

    async def _networks(self, _request: Request) -> Response:
        return JSONResponse(self.cloud.fleet.proxies())

    async def _kubeconfig(self, request: Request) -> Response:
        """Of the deployer, inside the network of a cluster."""
        name = request.path_params["name"]
        return Response(self.cloud.fleet.kubeconfig(name, self.identity.object))

    def _identities(self) -> LocalEndpoint:
        return LocalEndpoint(self.cloud.store, self.cloud.vouch, self.token)

    async def _identity(self, request: Request) -> Response:
        """How a program on this computer becomes an identity of the cloud."""
        try:
            found = self._identities().find(request.path_params["name"])
        except ArmError as error:
            return JSONResponse({"error": str(error)}, error.status)
        proof = self._identities().proof(found)
        here = f"http://127.0.0.1:{self.front.port}"
        return JSONResponse(
            {
                "client": found.properties["clientId"],
                "proof": proof,
                "endpoint": f"{here}{TOKENS[0]}",
                "own_endpoint": f"{here}{TOKENS[1].format(proof=proof)}",
            }
        )

    async def _token(self, request: Request) -> Response:
        """For programs that prove to be an identity: without the token of the commands."""
        return await self._identities().answer(request)

    async def _open_page(self, _request: Request) -> Response:
        return JSONResponse({"address": self.page.address(self.front.port)})

    async def _stop(self, _request: Request) -> Response:
        self._stopping.set()
        return Response(status_code=202)

    async def _reset(self, _request: Request) -> Response:
        await self.reset()
        return Response(status_code=204)


async def nothing(_request: Request) -> Response:
    return Response(status_code=404)


def mourn(life: "asyncio.Task[None]") -> None:
    """Without its clock a cloud answers, and nothing is ever ready: say so where one looks."""
    if not life.cancelled() and life.exception():
        LOG.error("the clock of the sandbox has stopped: restart it", exc_info=life.exception())


async def run(
    state: State, latency: Latency, port: int, plans: Iterable[tuple[Plan, str]] = ()
) -> None:
    """Serve in the foreground, until stopped."""
    with state.hold():
        server = Server(state, latency, plans)
        state.install_provider()
        running = await server.start(port)
        LOG.info("ready on %s, profile %s, scale %s", running.proxy, running.profile, running.scale)
        await server.serve()
        LOG.info("stopped")
