"""
Commands in a cluster: what `az aks command invoke` starts.

Azure runs them in a pod with kubectl, helm, bash and jq. A command that fails is a success of the
service: only `exitCode` tells.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from sandbox.arm import ArmError, Caller, ResourceId, TokenError
from sandbox.cloud.container_service import context, models, pod, policy, refusals
from sandbox.cloud.container_service.command import CUT_SHORT, Command
from sandbox.cloud.container_service.execution import ClusterAccess, Execution, Pod
from sandbox.store import Resource

SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"  # Of every AKS API server.
KEPT = 200  # Results of ended commands; older ones are forgotten. Azure's number is not documented.

# Waits for a cluster that is starting; raises `ArmError` when none runs.
Clusters = Callable[[Resource], Awaitable[ClusterAccess]]
CheckToken = Callable[[str, str], Caller]
# The policies that are assigned to a cluster.
Policies = Callable[[ResourceId], list[Resource]]


class Commands:
    """Starts commands and remembers how they ended."""

    def __init__(
        self,
        clusters: Clusters,
        check_token: CheckToken,
        execution: Execution,
        policies: Policies = lambda _cluster: [],
    ) -> None:
        self._clusters = clusters
        self._check_token = check_token
        self._execution = execution
        self._policies = policies
        self._known: dict[str, Command] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def access(self, cluster: Resource) -> ClusterAccess | None:
        try:
            return await self._clusters(cluster)
        except ArmError:
            return None

    async def start(self, cluster: Resource, wanted: dict[str, Any]) -> Command:
        """Accept a command, or refuse it the way AKS does."""
        text = wanted.get("command")
        if not isinstance(text, str) or not text.strip():
            raise refusals.invalid("command", "It is required.")
        self._check_cluster(cluster)
        files = await asyncio.to_thread(context.read, str(wanted.get("context") or ""))
        access = await self.access(cluster)
        identifier = uuid.uuid4().hex
        if access is None:
            raise pod.no_room(identifier)
        token = self._token(cluster, access, str(wanted.get("clusterToken") or ""))
        policy.check(cluster, self._policies(cluster.id))
        made = await self._execution.place(identifier, access)
        command = Command(identifier, cluster.id, text, files, token, datetime.now(UTC))
        self._remember(command)
        task = asyncio.create_task(self._run(command, access, made), name=f"command {command.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return command

    async def _run(self, command: Command, access: ClusterAccess, made: Pod) -> None:
        try:
            await self._execution.run(command, access, made)
        except asyncio.CancelledError:
            command.reason = CUT_SHORT
            raise
        finally:
            command.finished = datetime.now(UTC)
            command.files, command.token = b"", ""

    def _remember(self, command: Command) -> None:
        ended = [known.id for known in self._known.values() if known.finished]
        for identifier in ended[: max(0, len(ended) - KEPT + 1)]:
            del self._known[identifier]
        self._known[command.id] = command

    def known(self) -> list[Command]:
        """Commands that run, and the latest that have ended; by their start."""
        return list(self._known.values())

    def find(self, cluster: ResourceId, identifier: str) -> Command:
        command = self._known.get(identifier)
        if command is None or command.cluster != cluster:
            raise refusals.refusal(
                404, "NotFound", f"The command result '{identifier}' could not be found."
            )
        return command

    def dump(self) -> dict[str, Any]:
        return {key: known.dump() for key, known in self._known.items()}

    def load(self, data: dict[str, Any]) -> None:
        self._known = {key: Command.load(key, one) for key, one in data.items()}

    async def close(self) -> None:
        """End what still runs and leave nothing behind."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    # --- May it run ----------------------------------------------------------------------------

    def _check_cluster(self, cluster: Resource) -> None:
        if cluster.state in ("Creating", "Deleting"):
            raise refusals.cluster_busy(cluster)
        properties = cluster.properties
        if properties["powerState"]["code"] != "Running":
            raise refusals.refusal(
                400,
                "OperationNotAllowed",
                f"Run command needs a running cluster: {cluster.name} is in Power State("
                f"{properties['powerState']['code']}). Start it first.",
            )
        if models.access(properties).get("disableRunCommand"):
            raise refusals.refusal(
                400,
                "RunCommandDisabled",
                f"Run command is disabled for {cluster.name}: "
                "apiServerAccessProfile.disableRunCommand is true.",
            )

    def _token(self, cluster: Resource, access: ClusterAccess, given: str) -> str:
        """With Entra the command acts as its caller; otherwise as the cluster's administrator."""
        if not (cluster.properties.get("aadProfile") or {}).get("managed"):
            return access.admin_token()
        if not given:
            raise refusals.refusal(
                400,
                "BadRequest",
                f"{cluster.name} uses managed Microsoft Entra integration: send a clusterToken, "
                f"which is an access token for the application {SERVER_APPLICATION}.",
            )
        try:
            caller = self._check_token(given, SERVER_APPLICATION)
        except TokenError as error:
            raise refusals.refusal(
                400, "BadRequest", f"The clusterToken is not accepted: {error}"
            ) from error
        return access.entra_token(caller.object_id)
