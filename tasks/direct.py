"""Reach the API server from inside its network: the same scripts, run by this worker."""

import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from azure.mgmt.containerservice import ContainerServiceClient
from kubernetes import client as kubernetes
from kubernetes import config
from urllib3 import make_headers
from urllib3.exceptions import HTTPError, NameResolutionError, ProxyError

from tasks import azure, shell
from tasks.cluster import Answer, Script, parse_answer
from tasks.errors import NotReadyError, RefusedError
from tasks.run_command import ENTRA_SERVER

HOW = "Install it on the worker, or use `access: run-command`."
WHERE = "Run on a worker inside the network, or use `access: run-command`."
SERVER_ERROR = 500


@dataclass(frozen=True)
class Direct:
    """The way into a cluster for a worker that can open its private address."""

    subscription: str
    resource_group: str
    cluster: str

    def run(self, script: Script) -> Answer:
        for program in ("bash", "kubectl", "helm"):
            shell.find(program, HOW)
        with tempfile.TemporaryDirectory(prefix="cluster-") as name:
            folder = Path(name)
            for file, content in script.content().items():
                folder.joinpath(file).write_bytes(content)
            kubeconfig = folder / "kubeconfig"
            kubeconfig.touch(mode=0o600)
            kubeconfig.write_text(self._kubeconfig())
            self._reach(kubeconfig)
            ended = shell.attempt(
                shell.Command(
                    ("bash", "-c", "exec bash start.sh 2>&1"),  # One log, as run-command keeps it.
                    cwd=folder,
                    env={"KUBECONFIG": str(kubeconfig), "TMPDIR": name},
                    deadline=script.deadline,
                )
            )
        return parse_answer(script.name, ended.code, ended.printed)

    def _kubeconfig(self) -> str:
        """Azure's own, with a token in place of its interactive sign-in."""
        service = ContainerServiceClient(azure.credential(), self.subscription)
        with azure.translated(f"Credentials of cluster {self.cluster}"), service:
            found = service.managed_clusters.list_cluster_user_credentials(
                self.resource_group, self.cluster
            )
            token = azure.credential().get_token(ENTRA_SERVER).token
        if not found.kubeconfigs or not found.kubeconfigs[0].value:
            raise RefusedError(f"Azure hands out no kubeconfig for {self.cluster}.")
        content = yaml.safe_load(bytes(found.kubeconfigs[0].value))
        for user in content["users"]:
            user["user"] = {"token": token}
        return yaml.safe_dump(content)

    def _reach(self, kubeconfig: Path) -> None:
        """A wrong network shows here, with a sentence, and not as a time-out inside a script."""
        try:
            kubernetes.VersionApi(_client(kubeconfig)).get_code(_request_timeout=10)
        except kubernetes.ApiException as error:
            if error.status < SERVER_ERROR:
                return  # It answers; whom it lets do what is for the script to find out.
            raise NotReadyError(self._silent(azure.first_line(error)), WHERE) from error
        except HTTPError as error:
            kind = RefusedError if _outside(error) else NotReadyError
            raise kind(self._silent(_reason(error)), WHERE) from error

    def _silent(self, reason: str) -> str:
        return f"The API server of {self.cluster} does not answer here: {reason}"


def _client(kubeconfig: Path) -> kubernetes.ApiClient:
    """Asks once, and signs in to the proxy as kubectl does: with the credentials in its address."""
    found = kubernetes.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call] # No types.
        str(kubeconfig), client_configuration=found
    )
    found.retries = False
    proxy = urlsplit(found.proxy or "")
    if proxy.username:
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        found.proxy_headers = make_headers(proxy_basic_auth=pair)
    return kubernetes.ApiClient(found)


def _outside(error: HTTPError) -> bool:
    """A private name means nothing outside of its network, and a proxy there says no; for good."""
    if isinstance(error, NameResolutionError):
        found = error.__cause__
        return isinstance(found, socket.gaierror) and found.errno != socket.EAI_AGAIN
    return isinstance(error, ProxyError) and " 403 " in _reason(error)


def _reason(error: HTTPError) -> str:
    """The sentence of the proxy itself, where there is one."""
    return azure.first_line(error.original_error if isinstance(error, ProxyError) else error)
