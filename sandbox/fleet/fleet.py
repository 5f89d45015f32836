"""Every Kubernetes cluster of the cloud: it runs while its managed cluster exists."""

import asyncio
import contextlib
import hashlib
import logging
import shutil
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sandbox.arm import Access, ArmError, Caller, TokenError
from sandbox.cloud.container_service import SERVER_APPLICATION, is_of_a_command
from sandbox.cloud.managed_identity import Held, Machine
from sandbox.cluster import Cluster, Login, Settings
from sandbox.files import make_private, short_folder
from sandbox.fleet.services import Edge, Services
from sandbox.fleet.view import has_gateways, pool_of
from sandbox.front import Hosts, Network
from sandbox.snapshot import Part
from sandbox.store import Resource, Store

LOG = logging.getLogger(__name__)
CLUSTERS = "Microsoft.ContainerService/managedClusters"
POOLS = f"{CLUSTERS}/agentPools"
SERVICES = ("*.svc", "*.svc.cluster.local")
AT_ONCE = 2  # Clusters that start side by side, so that a restart with many of them answers.
SOCKET_LIMIT = 100  # Bytes in the path of a unix socket.
VERBS = {"get": "read", "list": "read", "watch": "read"}
VERBS |= {"create": "write", "update": "write", "patch": "write"}
VERBS |= {"delete": "delete", "deletecollection": "delete"}


class Door(Access, Protocol):
    """What a cluster asks about callers from outside of it."""

    def check(self, token: str, audience: str) -> Caller:
        """The caller that a token proves to one service; raises `TokenError`."""


class Fleet:
    """Starts, finds and stops clusters; each has a network of its own."""

    def __init__(
        self, store: Store, hosts: Hosts, access: Door, folder: Path, authority: Path
    ) -> None:
        self.store = store
        self.hosts = hosts
        self.access = access
        self.folder = folder
        self.authority = authority
        self._short = short_folder(folder)  # For sockets, where ours has a long name.
        self.port = 0  # Of the proxy; known once it listens.
        self.without_database: Callable[[], str] = lambda: ""
        self.sign_in: Callable[[str, Login], Coroutine[Any, Any, str]]
        """With which words a PostgreSQL server refuses a login from a network, or nothing."""
        self._clusters: dict[str, Cluster] = {}
        self._edges: dict[str, Edge] = {}
        self._networks: dict[str, Network] = {}
        self._starts: dict[str, asyncio.Task[None]] = {}
        self._stops: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        store.listen("created", CLUSTERS, self._begin)
        store.listen("deleted", CLUSTERS, self._end)
        store.listen("ready", CLUSTERS, self._rewire)
        for event in ("created", "ready", "deleted"):
            store.listen(event, POOLS, self._resize)

    async def cluster(self, resource: Resource) -> Cluster:
        """The running cluster of a managed cluster; one that did not start is started again."""
        key = resource.id.key
        starting = self._starts.get(key)
        if starting and failure(starting):
            starting = self._launch(resource, self._clusters[key])
        if starting:
            await asyncio.wait({starting})
        if starting is None or starting.cancelled() or self._starts.get(key) is not starting:
            raise ArmError(404, "NotFound", f"No cluster runs for '{resource.id}'.")
        error = failure(starting)
        if error:
            message = f"The cluster of '{resource.id}' did not start: {error!r}."
            raise ArmError(500, "InternalServerError", message)
        return self._clusters[key]

    def running(self) -> dict[str, Cluster]:
        """The clusters by the ids of their resources, in lower case."""
        return dict(self._clusters)

    def proxy(self, network: Network) -> str:
        """The address of the proxy for programs inside a network."""
        return f"http://{network.name}:{network.token}@127.0.0.1:{self.port}"

    def kubeconfig(self, name: str, object_id: str) -> str:
        """How somebody of Entra reaches a cluster, by its network's name; empty without one."""
        resource = self.managed(name.lower())
        if resource is None:
            return ""
        cluster, network = self._clusters[resource.id.key], self._networks[resource.id.key]
        managed = (resource.properties.get("aadProfile") or {}).get("managed")
        token = cluster.entra_token(object_id) if managed else cluster.admin_token()
        return cluster.kubeconfig(token, self.proxy(network))

    def edge(self, host: str) -> Edge | None:
        """The balancer that answers for a name on the internet: a route of a cluster claims it."""
        for key, cluster in self._clusters.items():
            if cluster.published(host):
                return self._edges[key]
        return None

    def proxies(self) -> dict[str, str]:
        """The ways into all networks, by their names, which are those of the clusters."""
        return {network.name: self.proxy(network) for network in self._networks.values()}

    def managed(self, network: str) -> Resource | None:
        """The managed cluster whose network has this name."""
        key = next((key for key, one in self._networks.items() if one.name == network), "")
        return self.store.find(key) if key else None

    def machine(self, network: str) -> Machine | None:
        """The node on which a caller in a network runs; nodes of one cluster are alike here."""
        cluster = self.managed(network)
        if cluster is None:
            return None
        found = cluster.properties
        kubelet = found["identityProfile"]["kubeletidentity"]
        held = [kubelet] if kubelet["objectId"] in self.store.principals else []
        addons = (found.get("addonProfiles") or {}).values()
        held += [addon["identity"] for addon in addons if addon.get("identity")]
        return Machine(
            name=f"aks-{(found.get('agentPoolProfiles') or [{}])[0].get('name')}-vmss000000",
            group=found["nodeResourceGroup"],
            subscription=cluster.id.subscription,
            location=cluster.location,
            identities=tuple(
                Held(one["resourceId"], one["clientId"], one["objectId"]) for one in held
            ),
        )

    def issuer_keys(self, issuer: str) -> dict[str, Any] | None:
        """The keys that prove the service account tokens of one issuer."""
        for cluster in self._clusters.values():
            if cluster.settings.issuer == issuer:
                return cluster.issuer_keys()
        return None

    async def stop(self) -> None:
        """Stop every cluster, those that are still starting too; they can still be dumped."""
        for task in self._starts.values():
            task.cancel()
        await asyncio.gather(*self._starts.values(), *self._stops, return_exceptions=True)
        await asyncio.gather(*map(self._stop, self._clusters.values()))
        with contextlib.suppress(OSError):  # There is none, or something else is in it.
            self._short.rmdir()

    # --- Restarts ------------------------------------------------------------------------------

    def parts(self) -> list[Part]:
        """The fleet, then what each of its clusters keeps."""
        found = [Part("fleet", self.dump, self.load)]
        for key, cluster in self._clusters.items():
            found += cluster.parts(key)
        return found

    def dump(self) -> dict[str, Any]:
        """Where each cluster is: its network, with the token that proves it, and its folder."""
        return {
            key: {
                "network": self._networks[key].name,
                "token": self._networks[key].token,
                "folder": cluster.settings.state.name,
            }
            for key, cluster in self._clusters.items()
        }

    def load(self, data: dict[str, Any]) -> None:
        """Start the clusters again; each goes on once its own parts are loaded, too."""
        for key, place in data.items():
            resource = self.store.find(key)
            if resource:
                network = Network(place["network"], token=place["token"])
                self._start(resource, network, place["folder"])

    def tidy(self) -> None:
        """Remove what clusters have left that are no more, as after a kill."""
        known = {cluster.settings.state for cluster in self._clusters.values()}
        left = [folder for folder in self.folder.glob("*") if folder not in known]
        self._see_to(asyncio.to_thread(remove, left))
        if self._short.is_dir():
            used = {cluster.settings.socket for cluster in self._clusters.values()}
            with contextlib.suppress(OSError):  # Somebody else's is left alone.
                make_private(self._short)
                for socket in set(self._short.iterdir()) - used:
                    socket.unlink()

    # --- From the life of a managed cluster ----------------------------------------------------

    def _begin(self, resource: Resource) -> None:
        name = resource.name.lower()
        if name in self.hosts.networks:  # Another group may have a cluster of the same name.
            name = f"{resource.id.group.lower()}.{name}"
        # Its own: another group may use the name, or this one again before the last has stopped.
        place = hashlib.sha256(resource.id.key.encode()).hexdigest()[:8]
        self._start(resource, Network(name), f"{place}-{uuid.uuid4().hex[:8]}")

    def _start(self, resource: Resource, network: Network, folder: str) -> None:
        self.hosts.networks[network.name] = network
        self._networks[resource.id.key] = network
        cluster = Cluster(self._settings(resource, self.folder / folder))
        self._clusters[resource.id.key] = cluster
        services = Services(cluster)
        self._edges[resource.id.key] = Edge(services)
        network.hosts = {cluster.settings.fqdn: cluster.api, **dict.fromkeys(SERVICES, services)}
        network.names = lambda host: services if cluster.resolves(host) else None
        network.services = services
        self._launch(resource, cluster)

    def _launch(self, resource: Resource, cluster: Cluster) -> "asyncio.Task[None]":
        start = asyncio.get_running_loop().create_task(self._come_up(cluster))
        start.add_done_callback(lambda done: report(resource, done))
        self._starts[resource.id.key] = start
        return start

    def _end(self, resource: Resource) -> None:
        cluster = self._clusters.get(resource.id.key)
        if cluster is None:
            return
        self._starts[resource.id.key].cancel()
        self._forget(resource.id.key)
        self._see_to(self._remove(cluster))

    def _see_to(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._stops.add(task)
        task.add_done_callback(self._stops.discard)

    def _resize(self, pool: Resource) -> None:
        """A pool has come, changed or gone: the nodes follow."""
        cluster = self._clusters.get(pool.id.parent.key)
        if cluster is not None:
            cluster.refresh_nodes()

    def _rewire(self, resource: Resource) -> None:
        """A change of the cluster has ended: its gateways follow."""
        cluster = self._clusters.get(resource.id.key)
        if cluster is not None:
            cluster.refresh_gateways()

    async def _come_up(self, cluster: Cluster) -> None:
        async with self._room:
            make_private(cluster.settings.socket.parent)
            try:
                await cluster.start()
                for pod in filter(is_of_a_command, cluster.objects("pods")):
                    await cluster.end_pod(pod)  # It ran in a sandbox that was killed.
            except Exception:
                await self._stop(cluster)  # What did start of it.
                raise

    async def _stop(self, cluster: Cluster) -> None:
        try:
            await cluster.stop()
        except Exception:
            LOG.exception("the cluster %s did not stop in order", cluster.settings.name)

    async def _remove(self, cluster: Cluster) -> None:
        """Remove its files once nothing writes to them."""
        await self._stop(cluster)
        await asyncio.to_thread(shutil.rmtree, cluster.settings.state, ignore_errors=True)

    def _forget(self, key: str) -> None:
        self._clusters.pop(key, None)
        self._edges.pop(key, None)
        self._starts.pop(key, None)
        network = self._networks.pop(key, None)
        if network:
            self.hosts.networks.pop(network.name, None)

    def _settings(self, resource: Resource, folder: Path) -> Settings:
        found = resource.properties
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        socket = folder / "api.sock"
        if len(bytes(socket.resolve())) > SOCKET_LIMIT:
            socket = self._short / f"{folder.name}.sock"

        def authorize(object_id: str, verb: str, kind: str) -> bool:
            action = f"{CLUSTERS}/{kind}/{VERBS.get(verb, f'{verb}/action')}"
            return self.access.allows(object_id, action, resource.id, data=True)

        def identify(token: str) -> str:
            """Without Entra integration a cluster takes no token of Entra."""
            if not (resource.properties.get("aadProfile") or {}).get("managed"):
                return ""
            try:
                return self.access.check(token, SERVER_APPLICATION).object_id
            except TokenError:
                return ""

        return Settings(
            name=resource.name,
            fqdn=(found.get("privateFQDN") or found["fqdn"]).lower(),
            issuer=(found.get("oidcIssuerProfile") or {}).get("issuerURL")
            or "https://none.invalid/",
            socket=socket,
            state=folder,
            latency=self.store.latency,
            proxy=self.proxy(self._networks[resource.id.key]),
            ca=self.authority,
            authorize=authorize,
            identify=identify,
            gateways=lambda: has_gateways(resource),
            without_database=self.without_database,
            sign_in=partial(self.sign_in, self._networks[resource.id.key].name),
            pools=lambda: [
                pool_of(pool, resource) for pool in self.store.below(resource.id, POOLS)
            ],
        )


def remove(folders: list[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def failure(start: "asyncio.Task[None]") -> BaseException | None:
    """Why a start came to nothing; one that goes on, or was called off, did not fail."""
    return start.exception() if start.done() and not start.cancelled() else None


def report(resource: Resource, done: "asyncio.Task[None]") -> None:
    """A cluster that does not start is a bug of the sandbox: tell it where it is looked for."""
    error = failure(done)
    if error:
        LOG.error("the cluster %s did not start", resource.name, exc_info=error)
