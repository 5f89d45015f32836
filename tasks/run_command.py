"""Reach the private API server through Azure: a zip goes in, logs and an exit code come back."""

import base64
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from azure.core.exceptions import HttpResponseError
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import RunCommandRequest, RunCommandResult

from tasks import azure
from tasks.cluster import Answer, Script, parse_answer
from tasks.errors import ConfigError, NotReadyError, RefusedError

# Azure documents no number and answers 413 somewhere above a megabyte (azure-cli#22870).
BUDGET = 1_000_000  # Bytes of base64.
ENTRA_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"  # AKS's own application in Entra.
EPOCH = (1980, 1, 1, 0, 0, 0)
PERFORMANCE = "KubernetesPerformanceError"
BLOCKED = "RunCommandBlockedByAzurePolicy"


@dataclass(frozen=True)
class RunCommand:
    """The way into a cluster for those outside of its network."""

    subscription: str
    resource_group: str
    cluster: str
    poll: float

    def run(self, script: Script) -> Answer:
        """One invocation; it costs 10 to 60 seconds in Azure, so scripts do much at once."""
        request = RunCommandRequest(command="bash start.sh", context=pack(script.content()))
        what = f"Run-command {script.name} on {self.cluster}"
        client = ContainerServiceClient(azure.credential(), self.subscription)
        with azure.translated(what), client:
            # The command runs as the caller, so the cluster's own RBAC decides.
            request.cluster_token = azure.credential().get_token(ENTRA_SERVER).token
            result = self._invoke(client, request, script, what)
        properties = result.properties
        if properties is None or (properties.provisioning_state or "").lower() != "succeeded":
            reason = (properties and properties.reason) or "no reason given"
            raise NotReadyError(f"{what}: the command's pod failed: {reason}.")
        return parse_answer(script.name, properties.exit_code or 0, properties.logs or "")

    def _invoke(
        self, client: ContainerServiceClient, request: RunCommandRequest, script: Script, what: str
    ) -> RunCommandResult:
        try:
            poller = client.managed_clusters.begin_run_command(
                self.resource_group, self.cluster, request, polling_interval=self.poll
            )
            poller.wait(script.deadline)
            if not poller.done():
                raise NotReadyError(f"{what} still runs after {script.deadline:.0f} s.")
            return poller.result()
        except HttpResponseError as error:
            raise _explained(what, error) from error


def pack(files: Mapping[str, bytes]) -> str:
    """A zip as base64, equal for equal files; an error when Azure would refuse its size."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED)
    text = base64.b64encode(stream.getvalue()).decode()
    if len(text) > BUDGET:
        largest = sorted(files, key=lambda name: -len(files[name]))[:3]
        sizes = ", ".join(f"{name} ({len(files[name]):,} bytes)" for name in largest)
        raise ConfigError(
            f"The files for the cluster make {len(text):,} bytes; run-command takes {BUDGET:,}.",
            f"Make them smaller; the largest: {sizes}.",
        )
    return text


def _explained(what: str, error: HttpResponseError) -> Exception:
    code, text = azure.inner_code(error), azure.first_line(error)
    if code == PERFORMANCE:
        return NotReadyError(f"{what}: no room for the command's pod. {text}")
    if code == BLOCKED:
        return RefusedError(
            f"{what}: {text}", "Exempt the namespace aks-command from this Azure Policy."
        )
    if error.status_code == 404:  # noqa: PLR2004 # Documented: the pod never became Running.
        return NotReadyError(f"{what}: Azure does not find the cluster or the result. {text}")
    if error.status_code == 413:  # noqa: PLR2004
        return ConfigError(
            f"{what}: the files are too large for Azure.", "Make the charts smaller."
        )
    return azure.explained(what, error)
