"""Microsoft.ContainerService on the wire, api-version 2025-10-01 and around."""

import base64
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm, resource_type
from sandbox.arm import ResourceId
from sandbox.cloud.container_service import context, models, operations, pools, refusals, versions
from sandbox.cloud.container_service.models import CLUSTERS, Allows
from sandbox.cloud.container_service.run_command import SERVER_APPLICATION, Commands
from sandbox.resource_type import POLL, VERBS, Change, ResourceType
from sandbox.rules import refers, required, together
from sandbox.store import Resource, Store

ACCEPTED = 202


class Actions:
    """What can be asked of a cluster beyond creating and deleting it."""

    def __init__(self, store: Store, commands: Commands) -> None:
        self.store = store
        self.commands = commands

    async def run_command(self, request: Request, cluster: Resource) -> Response:
        content = await request.body()
        context.check_size(len(content))
        command = await self.commands.start(cluster, await arm.read_object(request))
        return Response(status_code=ACCEPTED, headers=self.result_address(request, command.id))

    async def command_result(self, request: Request) -> Response:
        version = arm.check_version(request)
        path = request.scope["path"].rstrip("/").rsplit("/", 2)[0]
        cluster = self.store.get(ResourceId.parse(path, CLUSTERS))
        command = self.commands.find(cluster.id, request.path_params["command"])
        if command.finished:
            return JSONResponse(command.show())
        headers = self.result_address(request, command.id, version)
        return JSONResponse(command.show(), ACCEPTED, headers)

    def result_address(
        self, request: Request, identifier: str, version: str = ""
    ) -> dict[str, str]:
        """The address to poll: the group's word is in lower case there, as Azure has it."""
        base = "/".join(ResourceId.of(request).segments[:8]).replace(
            "resourceGroups", "resourcegroups"
        )
        query = f"api-version={version or arm.check_version(request)}"
        wait = self.store.latency.usual("run_command.start") / 4
        return {
            "Location": f"https://{arm.HOST}/{base}/commandResults/{identifier}?{query}",
            **arm.retry_after(min(wait, 5)),
        }

    async def user_credential(self, _request: Request, cluster: Resource) -> Response:
        exec_plugin = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "kubelogin",
            "args": [
                "get-token",
                "--environment",
                "AzurePublicCloud",
                "--server-id",
                SERVER_APPLICATION,
            ],
            "provideClusterInfo": False,
        }
        return await self.credential(cluster, "clusterUser", {"exec": exec_plugin})

    async def admin_credential(self, _request: Request, cluster: Resource) -> Response:
        if cluster.properties["disableLocalAccounts"]:
            raise refusals.refusal(
                400,
                "BadRequest",
                "Getting static credential is not allowed because this cluster is set to disable "
                "local accounts.",
            )
        access = await self.commands.access(cluster)
        token = access.admin_token() if access else ""
        return await self.credential(cluster, "clusterAdmin", {"token": token})

    async def credential(self, cluster: Resource, name: str, user: dict[str, Any]) -> Response:
        """A kubeconfig; on a private cluster it is of use inside the network only."""
        access = await self.commands.access(cluster)
        authority = access.settings.ca.read_bytes() if access else b""
        server = {
            "server": f"https://{models.host(cluster)}:443",
            "certificate-authority-data": base64.b64encode(authority).decode(),
        }
        holder = f"{name}_{cluster.id.group}_{cluster.name}"
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": cluster.name, "cluster": server}],
            "users": [{"name": holder, "user": user}],
            "contexts": [
                {"name": cluster.name, "context": {"cluster": cluster.name, "user": holder}}
            ],
            "current-context": cluster.name,
        }
        text = base64.b64encode(yaml.safe_dump(document).encode()).decode()
        return JSONResponse({"kubeconfigs": [{"name": name, "value": text}]})

    async def stop(self, request: Request, cluster: Resource) -> Response:
        return self.switch(request, cluster, "Stopped", "Stopping")

    async def start(self, request: Request, cluster: Resource) -> Response:
        return self.switch(request, cluster, "Running", "Starting")

    def switch(self, request: Request, cluster: Resource, power: str, state: str) -> Response:
        """A stopped cluster stays `Succeeded`: only its power state tells."""
        if cluster.busy:
            operation = self.store.operations[cluster.operation]
            raise refusals.wrong_power(
                cluster,
                cluster.properties["powerState"]["code"],
                state.lower(),
                self.store.timestamp(operation.started),
                self.store.now() - operation.started,
            )
        cluster.properties["powerState"] = {"code": power}
        seconds = self.store.latency.seconds("managed_cluster.update")
        _, operation = self.store.put(cluster.id, cluster.body, seconds=seconds, state=state)
        wait = min(self.store.latency.scaled(POLL), seconds)
        version = arm.check_version(request)
        headers = arm.polling_headers(operation.id, cluster.id, cluster.location, version, wait)
        return Response(status_code=ACCEPTED, headers=headers)


def routes(store: Store, commands: Commands, allows: Allows | None = None) -> list[Route]:
    """Every address of Microsoft.ContainerService; `allows` adds the check of the kubelet role."""
    actions, under_way = Actions(store, commands), operations.Operations(store)

    def check(change: Change) -> None:
        models.check(change)
        if allows:
            models.check_permissions(change, allows)

    types = (
        ResourceType(
            CLUSTERS,
            timed="managed_cluster",
            check=check,
            fill=models.fill,
            stored=models.stored,
            render=models.show,
            busy=refusals.cluster_busy,
            deleted=ACCEPTED,
            actions={
                "runCommand": actions.run_command,
                "listClusterUserCredential": actions.user_credential,
                "listClusterAdminCredential": actions.admin_credential,
                "stop": actions.stop,
                "start": actions.start,
                "abort": under_way.abort,
            },
            preempted=operations.PREEMPTED,
        ),
        ResourceType(
            pools.POOLS,
            timed="agent_pool",
            check=pools.check_pool,
            fill=pools.fill_pool,
            render=pools.show,
            removed=pools.check_removal,
            busy=refusals.pool_busy,
            deleted=ACCEPTED,
            verbs=VERBS - {"PATCH"},
            actions={"abort": under_way.abort},
        ),
        ResourceType(f"{CLUSTERS}/maintenanceConfigurations", verbs=VERBS - {"PATCH"}),
        ResourceType(
            f"{CLUSTERS}/trustedAccessRoleBindings",
            check=together(
                required("properties.roles", "properties.sourceResourceId"),
                refers("properties.sourceResourceId"),
            ),
            deleted=ACCEPTED,
            verbs=VERBS - {"PATCH"},
        ),
    )
    store.listen("deleted", CLUSTERS, lambda gone: models.remove_node_group(gone, store))
    result = (
        f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{CLUSTERS}/{{name}}"
        "/commandResults/{command}"
    )
    return [
        Route(result, actions.command_result, methods=["GET"]),
        *under_way.routes(CLUSTERS, pools.POOLS),
        *versions.routes(store),
        *resource_type.routes(store, types),
    ]
