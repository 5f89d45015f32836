"""One cloud, wired: providers, data planes, clusters, and the doors between them."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import arm, gate
from sandbox.arm import Caller, ResourceId
from sandbox.bodies import BUDGET, Bounded
from sandbox.cloud import (
    authorization,
    communication,
    compute,
    container_registry,
    container_service,
    data_protection,
    entra,
    governance,
    grafana,
    graph,
    key_vault,
    kubernetes_configuration,
    managed_identity,
    monitoring,
    network,
    postgresql,
    resources,
    service_networking,
    storage,
)
from sandbox.databases import Databases, absence
from sandbox.engines.azurite import Azurite
from sandbox.fleet import ISSUERS, Fleet, issuers
from sandbox.front import Authority, Hosts
from sandbox.latency import Latency
from sandbox.networks import Networks
from sandbox.request_log import Journal
from sandbox.snapshot import Part
from sandbox.store import Principal, Store

PROVIDERS = (
    communication,
    compute,
    data_protection,
    governance,
    grafana,
    key_vault,
    kubernetes_configuration,
    managed_identity,
    monitoring,
    network,
    postgresql,
    service_networking,
    storage,
)
LOG = logging.getLogger(__name__)
LAYER = 64 * 1024 * 1024  # Bytes in one request to a registry, which keeps layers in memory.
QUESTIONS = ("GET", "HEAD", "OPTIONS")
TICK = 0.25  # Seconds at most between two looks at what is due.


class Bouncer:
    """The one place that checks tokens and rights; every provider is given it."""

    def __init__(self, tokens: entra.Tokens, engine: authorization.Engine) -> None:
        self.tokens = tokens
        self.engine = engine

    def identify(self, request: Request, audience: str) -> Caller:
        caller = self.tokens.identify(request, audience)
        request.scope["caller"] = caller
        return caller

    def check(self, token: str, audience: str) -> Caller:
        return self.tokens.check(token, (audience,))

    def allows(self, object_id: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        return self.engine.allows(object_id, action, scope, data=data)


class Cloud:
    """Azure, from an empty subscription on."""

    def __init__(
        self,
        identity: entra.Identity,
        authority: Authority,
        folder: Path,
        latency: Latency | None = None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(
            latency, tenant=identity.tenant, subscription=identity.subscription, clock=clock
        )
        self.weather = self.store.weather
        self.hosts = Hosts()
        self.hosts.outage = self.weather.outage
        self.engine = authorization.Engine(self.store)
        self.tokens = entra.Tokens(identity.tenant, identity.signing_key, clock, self.weather)
        self.access = Bouncer(self.tokens, self.engine)
        self.fleet = Fleet(
            self.store, self.hosts, self.access, folder / "clusters", authority.certificate
        )
        self.fleet.without_database = absence
        self.networks = Networks(self.store, self.fleet.managed)
        self.deployer = Principal(identity.object, identity.client, "deployer")
        self._admit_deployer()
        clients = [entra.Client(self.deployer, identity.secret)]
        self.directory = entra.Directory(self.store, clients, self.fleet.issuer_keys)
        self.commands = container_service.Commands(
            self.fleet.cluster,
            self.access.check,
            container_service.Execution(self.store.latency, folder / "run-command", self.weather),
            lambda cluster: governance.assigned(self.store, cluster),
        )
        self.blobs = Azurite(folder / "blobs")
        self.registries = container_registry.Registries(self.store, self.access)
        self._populate()
        place = folder / "postgresql"
        self.databases = Databases(self.store, self.hosts, self.networks, place, authority.context)
        self.fleet.sign_in = self.databases.sign_in

    def _admit_deployer(self) -> None:
        """Whoever holds the credentials owns the subscription."""
        self.store.principals[self.deployer.object_id] = self.deployer
        authorization.grant_owner(self.store, self.deployer.object_id)

    def _populate(self) -> None:
        """Give each host name its application."""
        store, access, public = self.store, self.access, self.hosts.public
        routes = [Route("/metadata/endpoints", resources.metadata)]
        routes += resources.routes(store, self.engine.holds_any)
        for provider in PROVIDERS:
            routes += provider.routes(store)
        routes += container_registry.routes(store, self.registries)
        routes += container_service.routes(store, self.commands, self.engine.granted)
        routes += authorization.routes(store, self.engine)
        public[arm.HOST] = gate.create(routes, store, access)
        public |= dict.fromkeys(entra.HOSTS, entra.create(self.directory, self.tokens))
        public[graph.HOST] = graph.create(store, access, self.directory.clients)
        public[grafana.HOST] = grafana.create(store, access)
        public[key_vault.HOST] = key_vault.create(store, access, self.networks)
        public |= storage.create(store, access, self.blobs, self.networks)
        for pattern in storage.HOSTS:
            self.hosts.resolvers[pattern] = lambda host: storage.resolves(store, host)
        self.hosts.edge = self.fleet.edge
        public[ISSUERS] = issuers.create(self.fleet.issuer_keys)
        metadata = managed_identity.MetadataService(self.fleet.machine, self.vouch)
        self.hosts.everywhere[managed_identity.METADATA] = Bounded(metadata.app())
        for host in container_registry.PUBLIC_HOSTS:
            public[host] = container_registry.create_public(host)
        registry = container_registry.HOST
        public[registry] = container_registry.create(self.registries)
        self.hosts.resolvers[registry] = lambda host: container_registry.resolves(store, host)
        self.hosts.resolvers[key_vault.HOST] = lambda host: key_vault.resolves(store, host)
        self.hosts.resolvers[grafana.HOST] = lambda host: grafana.resolves(store, host)
        for pattern in public.keys() - set(storage.HOSTS):  # Blobs stream to their engine.
            budget = LAYER if pattern == registry else BUDGET
            public[pattern] = Bounded(public[pattern], budget)

    def parts(self) -> Iterator[Part]:
        """What survives a restart, in the order in which it is loaded."""

        def version() -> object:
            return self.store.changes

        yield from self.store.parts()
        yield Part("role assignments", self.engine.dump, self.engine.load, version)
        yield Part("registries", self.registries.dump, self.registries.load, version)
        yield Part("commands", self.commands.dump, self.commands.load, frozen=True)
        yield from self.fleet.parts()

    def go_on(self) -> None:
        """Everything is loaded: what became due meanwhile happens now."""
        if self.deployer.object_id not in self.store.principals:  # New credentials were made.
            self._admit_deployer()
        self.store.wake()
        self.fleet.tidy()
        self.databases.tidy()

    async def live(self) -> None:
        """Let things happen when they are due, also while nobody asks."""
        while True:
            due = self.store.settle()
            await asyncio.sleep(TICK if due is None else min(TICK, due + 0.001))

    async def stop(self) -> None:
        """End what runs: commands first, then the clusters below them."""
        await self.commands.close()
        await self.fleet.stop()
        await self.blobs.stop()
        await self.databases.stop()

    def vouch(self, identity: managed_identity.Held, resource: str) -> str:
        """A token for an identity that somebody holds without a secret."""
        try:
            audience = self.directory.audience(resource)
        except entra.EntraError as error:
            raise managed_identity.RefusedError(
                f"AADSTS{error.code}: {error}", "invalid_resource"
            ) from error
        principal = self.store.principals.get(identity.object)
        name = identity.resource.rpartition("/")[2]
        return self.tokens.issue(
            principal or Principal(identity.object, identity.client, name), audience
        )

    def name_of(self, principal: str) -> str:
        found = self.store.principals.get(principal)
        return found.name if found else principal


class Logged:
    """Writes one line per request; paths and callers, never queries, bodies or headers."""

    def __init__(self, inner: ASGIApp, journal: Journal, name_of: Callable[[str], str]) -> None:
        self.inner = inner
        self.journal = journal
        self.name_of = name_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = time.perf_counter(), 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.inner(scope, receive, watch)
        except Exception as error:
            LOG.exception("the sandbox failed at %s %s", scope["method"], scope["path"])
            if not status:
                await (await arm.broken(Request(scope), error))(scope, receive, watch)
        finally:
            self.write(scope, status, time.perf_counter() - began)

    def write(self, scope: Scope, status: int, seconds: float) -> None:
        caller = scope.get("caller")
        who = caller.object_id if isinstance(caller, Caller) else ""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "method": scope["method"],
            "host": scope.get("host", ""),
            "path": scope["path"],
            "status": status,
            "caller": who,
            "name": self.name_of(who) if who else "",
            "network": scope.get("network", ""),
            "milliseconds": round(seconds * 1000, 1),
        }
        if "fault" in scope:
            line["fault"] = scope["fault"]
        self.journal.write(line)


class Noted:
    """Sees that what a request may have changed is kept; one that only asks changes nothing."""

    def __init__(self, inner: ASGIApp, store: Store) -> None:
        self.inner = inner
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in QUESTIONS:
            await self.inner(scope, receive, send)
            return
        with self.store.watching():
            await self.inner(scope, receive, send)
