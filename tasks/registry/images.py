"""Copy images into the registry: Azure fetches them, and nothing passes this machine."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from azure.core import PipelineClient
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import HeadersPolicy, RequestIdPolicy, RetryPolicy
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.core.polling.arm_polling import ARMPolling

from tasks import azure, wait
from tasks.registry.session import Session
from tasks.step import step

Client = PipelineClient[HttpRequest, HttpResponse]
MANAGEMENT = "https://management.azure.com"
VERSION = "2023-07-01"
HUB = "docker.io"  # Where a name without a registry comes from.


@dataclass(frozen=True)
class Image:
    """An image as a chart names it."""

    text: str

    @property
    def target(self) -> str:
        """Name and tag in our registry: as it is written, without a host and a digest."""
        return self._parts[1]

    @property
    def repository(self) -> str:
        return self.target.rpartition(":")[0]

    @property
    def tag(self) -> str:
        return self.target.rpartition(":")[2]

    @property
    def source(self) -> dict[str, str]:
        """Where it is published; by its digest where that is known."""
        host, target, digest = self._parts
        official = host == HUB and "/" not in target
        name = f"library/{target}" if official else target
        if digest:
            name = f"{name.rpartition(':')[0]}@{digest}"
        return {"registryUri": host, "sourceImage": name}

    @property
    def _parts(self) -> tuple[str, str, str]:
        name, _, digest = self.text.partition("@")
        first, slash, rest = name.partition("/")
        if slash and set(first) & set(".:"):
            return first, rest, digest
        return HUB, name, digest


@step("find-missing-images")
def lacking(server: str, images: Sequence[Image]) -> tuple[Image, ...]:
    """Which of these the registry does not hold yet."""
    session = Session(server)
    return tuple(image for image in images if not session.holds(image.repository, image.tag))


@step("import-image-{image.target}")
def fetch(registry_id: str, image: Image, poll: float) -> None:
    """Have Azure copy one image; what was copied in the meantime is as good."""
    body = {"source": image.source, "targetTags": [image.target], "mode": "NoForce"}
    address = f"{MANAGEMENT}{registry_id}/importImage"
    request = HttpRequest("POST", address, params={"api-version": VERSION}, json=body)
    with azure.translated(f"Import of {image.text}"), management() as client:
        try:
            LROPoller(client, asked(client, request), _nothing, ARMPolling(poll)).result()
        except HttpResponseError as error:
            if "already exists" not in str(error):
                raise
    wait.logger().info("Image %s is in the registry.", image.target)
    wait.changed(f"**Registry**: image {image.target}")


def management() -> Client:
    policies = [
        RequestIdPolicy(),
        HeadersPolicy(),
        RetryPolicy(),
        ARMChallengeAuthenticationPolicy(azure.credential(), azure.MANAGEMENT),
    ]
    return ARMPipelineClient(MANAGEMENT, policies=policies)


def asked(client: Client, request: HttpRequest) -> Any:
    """The first answer of a long operation, or Azure's refusal."""
    found = client._pipeline.run(request)  # noqa: SLF001 # As the azure-mgmt packages do it.
    if found.http_response.status_code >= HTTPStatus.BAD_REQUEST:
        raise HttpResponseError(response=found.http_response)
    return found


def _nothing(_answer: object) -> None:
    """There is nothing to read in the answer of an import."""
