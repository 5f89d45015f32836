"""Reach the API server from inside its network: the same scripts, run by this worker."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from azure.mgmt.containerservice import ContainerServiceClient
from kubernetes import client as kubernetes
from kubernetes import config
from urllib3.exceptions import HTTPError

from tasks import azure, shell
from tasks.cluster import Answer, Script, parse_answer
from tasks.errors import NotReadyError, RefusedError
from tasks.run_command import ENTRA_SERVER

HOW = "Install it on the worker, or use `access: run-command`."


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
                    ("bash", "start.sh"),
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
        api = config.new_client_from_config(str(kubeconfig))  # type: ignore[no-untyped-call] # No types.
        try:
            kubernetes.VersionApi(api).get_code(_request_timeout=10)
        except (HTTPError, kubernetes.ApiException) as error:
            raise NotReadyError(
                f"The API server of {self.cluster} does not answer here: {azure.first_line(error)}",
                "Run on a worker inside the network, or use `access: run-command`.",
            ) from error
