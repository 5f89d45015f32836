"""Sign in to an Azure registry: Entra's token becomes one of its own."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import oras.client
import requests

from tasks import azure
from tasks.errors import NotReadyError, RefusedError

AUDIENCE = "https://containerregistry.azure.net/.default"
NOBODY = "00000000-0000-0000-0000-000000000000"  # The user name that goes with its tokens.
MANIFESTS = (
    *("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json"),
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
PATIENCE = 60  # Seconds for one answer.


@dataclass(frozen=True)
class Login:
    """
    What the cluster's helm signs in with: a token of at most three hours, made when it is needed.

    It carries the rights of whoever deploys; it travels as a file of the command, and ends with it.
    """

    server: str

    def file(self) -> bytes:
        """In the form of Docker's configuration, which Helm reads."""
        pair = f"{NOBODY}:{Session(self.server).token}".encode()
        auths = {self.server: {"auth": base64.b64encode(pair).decode()}}
        return json.dumps({"auths": auths}).encode()


class Session:
    """A registry, signed in to."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.http = requests.Session()
        with azure.translated(f"Sign-in to {server}"):
            entra = azure.credential().get_token(AUDIENCE).token
        fields = {"grant_type": "access_token", "service": server, "access_token": entra}
        self.token = str(self._post("exchange", fields)["refresh_token"])

    def client(self) -> oras.client.OrasClient:
        client = oras.client.OrasClient(hostname=self.server)
        client.auth.set_basic_auth(NOBODY, self.token)
        return client

    def holds(self, repository: str, tag: str) -> bool:
        """Whether this is published already."""
        scope = f"repository:{repository}:pull"
        fields = {"grant_type": "refresh_token", "service": self.server, "scope": scope}
        access = self._post("token", fields | {"refresh_token": self.token})["access_token"]
        address = f"https://{self.server}/v2/{repository}/manifests/{tag}"
        headers = {"Authorization": f"Bearer {access}", "Accept": ", ".join(MANIFESTS)}
        with translated(self.server):
            answer = self.http.head(address, headers=headers, timeout=PATIENCE)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return False
            answer.raise_for_status()
        return True

    def _post(self, path: str, fields: dict[str, str]) -> dict[str, str]:
        address = f"https://{self.server}/oauth2/{path}"
        with translated(self.server):
            answer = self.http.post(address, data=fields, timeout=PATIENCE)
            answer.raise_for_status()
        return dict(answer.json())


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Raise our errors for the registry's."""
    try:
        yield
    except requests.RequestException as error:
        if error.response is not None:
            raise explained(server, error.response) from error
        raise NotReadyError(f"{server} does not answer: {azure.first_line(error)}") from error


def explained(server: str, answer: requests.Response) -> NotReadyError | RefusedError:
    told = " ".join(answer.text.split())[:300]
    if "is not allowed access" in told:
        return RefusedError(
            f"{server}: its firewall keeps this address out. {told}",
            "Add it to registry.allowed in the tfvars, or run on a worker inside the network.",
        )
    if answer.status_code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return NotReadyError(
            f"{server}: the role AcrPush is missing, or still spreading ({answer.status_code}). "
            f"{told}",
            "docs/runbook.md, 'Access', tells how to look at the role assignments.",
        )
    if answer.status_code in azure.PASSING:
        return NotReadyError(f"{server} is busy ({answer.status_code}). {told}")
    return RefusedError(f"{server} refused ({answer.status_code}). {told}", "docs/runbook.md")
