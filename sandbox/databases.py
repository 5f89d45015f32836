"""The PostgreSQL behind each flexible server: started by the first connection to it."""

import asyncio
import hashlib
import logging
import shutil
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.arm import ResourceId
from sandbox.cloud import postgresql
from sandbox.cluster import Login
from sandbox.engines.postgresql import client, engine
from sandbox.engines.postgresql.door import Visit, enter
from sandbox.engines.postgresql.engine import Engine
from sandbox.engines.postgresql.errors import EngineError
from sandbox.engines.postgresql.server import Database, Server, Wanted
from sandbox.front import Hosts, RefusedError
from sandbox.networks import Networks, address_of
from sandbox.store import Failure, Resource, Store

LOG = logging.getLogger(__name__)
PORT = "5432"
OPEN = ("Succeeded", "Updating", "Failed")  # States in which a server takes connections.
FIRST_WITH_BYPASS = 16  # Version in which Azure's administrator makes roles with BYPASSRLS.
ALPN = "postgresql"
OF_A_POD = "10.224.0.4"
INSIDE = (".svc", ".svc.cluster.local")
Context = Callable[..., ssl.SSLContext]


def absence() -> str:
    """Why clients of PostgreSQL would find no server on this machine, or nothing."""
    if not engine.present():
        return engine.absence()
    return "" if shutil.which("psql") else "There is no program psql on this machine."


class Databases:
    """Decides who reaches which server, and keeps the engines at what Azure's interface says."""

    def __init__(
        self, store: Store, hosts: Hosts, networks: Networks, folder: Path, context: Context
    ) -> None:
        """`context` makes the TLS server of a host, given the protocol spoken there."""
        self.store = store
        self.networks = networks
        self.folder = folder
        self.context = context
        self._engine: Engine | None = None
        self._servers: dict[str, Server] = {}
        self._work: set[asyncio.Task[None]] = set()
        hosts.doors[PORT] = self.admit
        parts = (postgresql.DATABASES, postgresql.configurations.KIND)
        store.listen("ready", postgresql.SERVERS, self._changed)
        store.listen("deleted", postgresql.SERVERS, self._gone)
        for kind in parts:
            store.listen("ready", kind, self._part_changed)
        store.listen("deleted", postgresql.DATABASES, self._part_changed)

    # --- The way in ----------------------------------------------------------------------------

    def admit(self, host: str, network: str) -> Callable[[asyncio.Transport], None]:
        """What goes on with a connection to a server, or a refusal of it."""
        server = self._reached(host, network)
        if not engine.present():
            raise RefusedError(engine.absence())
        values, _ = postgresql.configurations.values(server, self.store)
        context = self.context(host, ALPN)
        version = values["ssl_min_protocol_version"].replace(".", "_")
        context.minimum_version = ssl.TLSVersion[version]
        visit = Visit(
            host=host,
            address=seen_as(server, network),
            context=context,
            encrypted=values["require_secure_transport"].lower() == "on",
            allowed=self._lets_in(server, network),
            open=partial(self._open, server.id),
        )
        return partial(enter, visit=visit)

    async def sign_in(self, network: str, login: Login) -> str:
        """With which words a server refuses a login from a network; nothing where it does not.

        Servers of the cluster's own, and all where there is no engine, let everybody in.
        """
        if login.host.endswith(INSIDE) or not engine.present():
            return ""
        try:
            server = self._reached(login.host, network)
        except RefusedError as error:
            return f"failed to connect to {login.host}: {error}"
        values, _ = postgresql.configurations.values(server, self.store)
        plain = values["require_secure_transport"].lower() == "on" and not login.encrypted
        if plain or not self._lets_in(server, network):
            encryption = "no encryption" if plain else "SSL encryption"
            return (
                f'no pg_hba.conf entry for host "{seen_as(server, network)}", user "{login.user}", '
                f'database "{login.database}", {encryption}'
            )
        try:
            socket = await self._open(server.id)
            await client.execute(socket, login.user, login.password, login.database)
        except (EngineError, TimeoutError) as error:
            return str(error) or "the connection timed out"
        return ""

    def _reached(self, host: str, network: str) -> Resource:
        """The server of a host name, if it can be reached from a network now."""
        server = self._named(host)
        if server is None:
            raise RefusedError(f"{host} does not exist: no PostgreSQL server has this name.")
        if is_private(server) and not self._sees(network, server):
            where = f"the network of {network} leads elsewhere" if network else "you are outside"
            raise RefusedError(
                f"{host} is private: it is reached from inside its virtual network, and {where}."
            )
        if state(server) not in OPEN:
            word = state(server).lower()
            raise RefusedError(f"{host} takes no connections: the server is {word}.")
        return server

    def _lets_in(self, server: Resource, network: str) -> bool:
        """Does the firewall let a caller in; what is private has none."""
        address = seen_as(server, network)
        known = postgresql.firewall.lets_in(server, self.store, address, azure=bool(network))
        return is_private(server) or known

    def _named(self, host: str) -> Resource | None:
        """The server of a host name: the public one, or the one in its private zone."""
        name, _, zone = host.partition(".")
        for server in self.store.all(postgresql.SERVERS):
            if server.name.lower() != name:
                continue
            own = server.properties["network"].get("privateDnsZoneArmResourceId") or ""
            if zone in (postgresql.SUFFIX, own.rpartition("/")[2].lower()):
                return server
        return None

    def _sees(self, network: str, server: Resource) -> bool:
        """Does the network of a cluster resolve the name of a private server, and lead to it."""
        found = server.properties["network"]
        there = ResourceId(found["delegatedSubnetResourceId"]).parent.key
        return self.networks.leads(network, there, found["privateDnsZoneArmResourceId"])

    # --- The engines ---------------------------------------------------------------------------

    async def _open(self, resource: ResourceId) -> Path:
        """The socket of a server that is as Azure says; the first call starts it."""
        await asyncio.gather(*self._work, return_exceptions=True)  # A stop, for one.
        found = await self._find()
        server = self.store.find(resource)  # Since it was asked for, it may have gone.
        if server is None or state(server) not in OPEN:
            raise EngineError("the database system is shutting down")
        running = self._servers.get(resource.key)
        if running is None or running.retired:
            running = self._servers[resource.key] = Server(found, self._place(server))
        await self._bring(server, running)
        return running.postmaster.socket

    async def _find(self) -> Engine:
        """The engine; it may be installed, or exchanged, while the sandbox runs."""
        if self._engine is None or not self._engine.cluster.is_dir():
            catalogue = postgresql.configurations.catalogue()
            self._engine = await asyncio.to_thread(engine.find, catalogue)
        return self._engine

    async def _bring(self, server: Resource, running: Server) -> None:
        for name, why in (await running.bring_to(self._wanted(server))).items():
            self._fail(server.id.child("databases", name), why)

    def _wanted(self, server: Resource) -> Wanted:
        values, in_force = postgresql.configurations.values(server, self.store)
        databases = self.store.below(server.id, postgresql.DATABASES)
        return Wanted(
            login=server.properties["administratorLogin"],
            password=server.secrets[postgresql.PASSWORD],
            parameters=values,
            in_force=in_force,
            databases=tuple(
                Database(one.name, one.properties["charset"], one.properties["collation"])
                for one in databases
                if one.state in OPEN
            ),
            restarts=postgresql.power.restarts(server),
            bypasses_row_security=int(server.properties["version"]) >= FIRST_WITH_BYPASS,
        )

    def _fail(self, database: ResourceId, why: str) -> None:
        """What the engine refuses has failed in Azure, too."""
        found = self.store.find(database)
        if found:
            found.state = "Failed"
            operation = self.store.operations.get(found.operation)
            if operation:
                operation.failure = Failure("InvalidParameterValue", why)
            self.store.touch()

    def _place(self, server: Resource) -> Path:
        """Another folder for another server of the same name."""
        born = str(server.body["systemData"]["createdAt"])
        return (
            self.folder / f"{server.name.lower()}-{hashlib.sha256(born.encode()).hexdigest()[:8]}"
        )

    # --- From the life of a server -------------------------------------------------------------

    def _changed(self, server: Resource) -> None:
        running = self._servers.get(server.id.key)
        if running is None or not running.running:
            return  # The next connection brings it to what is wanted.
        if postgresql.power.is_stopped(server):
            self._go_on(running.stop())
        else:
            self._go_on(self._bring(server, running))

    def _part_changed(self, part: Resource) -> None:
        server = self.store.find(part.id.parent)
        if server and not postgresql.power.is_stopped(server):
            self._changed(server)

    def _gone(self, server: Resource) -> None:
        running = self._servers.pop(server.id.key, None)
        if running:
            self._go_on(running.remove())
        else:
            self._go_on(asyncio.to_thread(shutil.rmtree, self._place(server), ignore_errors=True))

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._work.discard(task)
        if not task.cancelled() and task.exception():
            LOG.error("a PostgreSQL did not do what was asked", exc_info=task.exception())

    async def stop(self) -> None:
        """Stop every engine; their data stay where they are."""
        await asyncio.gather(*self._work, return_exceptions=True)
        stops = (server.stop() for server in self._servers.values())
        await asyncio.gather(*stops, return_exceptions=True)

    def tidy(self) -> None:
        """Remove the data of servers that nobody knows any more."""
        known = {self._place(server) for server in self.store.all(postgresql.SERVERS)}
        for left in set(self.folder.glob("*")) - known:
            shutil.rmtree(left, ignore_errors=True)


def is_private(server: Resource) -> bool:
    return bool(server.properties["network"].get("delegatedSubnetResourceId"))


def seen_as(server: Resource, network: str) -> str:
    """The address of a caller, as a server sees it."""
    return OF_A_POD if is_private(server) else address_of(network)


def state(server: Resource) -> str:
    """What Azure is doing with a server, or that it stands still."""
    stopped = postgresql.power.is_stopped(server) and server.state == "Succeeded"
    return "Stopped" if stopped else server.state
