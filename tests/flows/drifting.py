"""What people do beside our flows: in the portal, in the cluster, in the vault, in the files."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import trustme
import yaml
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import RunCommandRequest

from tests.flows.conftest import PROJECT, Ended, Place

GROUP, CLUSTER = "supabase-sandbox-rg", "supabase-sandbox-aks"
SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630/.default"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"  # The role Reader.
VAULT = "providers/Microsoft.KeyVault/vaults/supabase-sandbox-kv"
ROLES = "providers/Microsoft.Authorization/roleAssignments"
LOGS = "providers/Microsoft.OperationalInsights/workspaces/supabase-sandbox-log"
PATIENCE = 600  # Seconds, on a machine that does much else.
BY_HAND, BY_SOMEBODY = "typed-in-by-hand", "changed-by-somebody"
IN_VAULT = {  # By the kind of finding: the name that gets it.
    "secret-missing": "postgres-connection-string",
    "secret-disabled": "dashboard-username",
    "secret-expired": "pg-username",
    "secret-expiring": "realtime-metrics-secret",
    "secret-not-synced": "dashboard-password",
}


@dataclass
class Azure:
    """What a person with the deployer's rights does beside our flows."""

    place: Place
    credential: ClientSecretCredential
    http: httpx.Client

    @property
    def group(self) -> str:
        subscription = self.place.variables["ARM_SUBSCRIPTION_ID"]
        return f"/subscriptions/{subscription}/resourceGroups/{GROUP}"

    def arm(self, method: str, path: str, version: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, params={"api-version": version}, json=body)
        answer.raise_for_status()
        return answer.json() if answer.text else None

    def inside(self, text: str) -> str:
        """What a person types into the cluster."""
        token = self.credential.get_token(SERVER).token
        request = RunCommandRequest(command=f"set -e\n{text}", cluster_token=token)
        subscription = self.place.variables["ARM_SUBSCRIPTION_ID"]
        with ContainerServiceClient(self.credential, subscription) as client:
            poller = client.managed_clusters.begin_run_command(
                GROUP, CLUSTER, request, polling_interval=0.2
            )
            properties = poller.result().properties
        assert properties is not None
        assert properties.exit_code == 0, properties.logs
        return str(properties.logs)

    def vault(self) -> SecretClient:
        return SecretClient("https://supabase-sandbox-kv.vault.azure.net/", self.credential)


def run(place: Place, *arguments: str) -> Ended:
    """As `place.run`, with the patience for the whole deploy on which this file rests."""
    program = place.start(*arguments, "--environment", "sandbox")
    text, _ = program.communicate(timeout=PATIENCE)
    return Ended(program.returncode, text)


def wish(place: Place, *, ignore: list[dict[str, str]], gigabytes: int = 1) -> None:
    """An environment with an autoscaler, on the oldest Kubernetes that Azure supports."""
    values = yaml.safe_load((PROJECT / "values/sandbox.yaml").read_text())
    values["supabase"]["autoscaling"]["rest"] = {"enabled": True, "min": 1, "max": 2}
    values_file, tfvars = place.folder / "values.yaml", place.folder / "drift.tfvars"
    values_file.write_text(yaml.safe_dump(values))
    text = (PROJECT / "terraform/vars/sandbox.tfvars").read_text()
    text = text.replace("cluster = {\n", 'cluster = {\n  version = "1.32"\n', 1)
    text = text.replace("daily_gb       = 1", f"daily_gb       = {gigabytes}", 1)
    tfvars.write_text(text)
    place.environment("sandbox", values=str(values_file), tfvars=str(tfvars), ignore=ignore)


def in_azure(azure: Azure) -> None:
    retain(azure, 31)
    alert = "providers/Microsoft.Insights/metricAlerts/supabase-sandbox-BlobLatencyHigh"
    azure.arm("DELETE", f"{azure.group}/{alert}", "2018-03-01")
    proxy, reader = identity(azure, "s3proxy"), identity(azure, "external-secrets")
    held = azure.arm("GET", f"{azure.group}/{ROLES}", "2022-04-01")["value"]
    (gone,) = [one["id"] for one in held if one["properties"]["principalId"] == proxy]
    azure.arm("DELETE", gone, "2022-04-01")
    definition = azure.group.partition("/resourceGroups")[0]
    definition += f"/providers/Microsoft.Authorization/roleDefinitions/{READER}"
    properties = {"roleDefinitionId": definition, "principalId": reader}
    properties["principalType"] = "ServicePrincipal"
    extra = f"{azure.group}/{VAULT}/{ROLES}/{uuid.uuid4()}"
    azure.arm("PUT", extra, "2022-04-01", {"properties": properties})


def identity(azure: Azure, part: str) -> str:
    path = f"{azure.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    found = azure.arm("GET", path, "2023-01-31")["value"]
    return next(str(one["properties"]["principalId"]) for one in found if part in one["name"])


def in_the_cluster(azure: Azure) -> None:
    soon = datetime.now(UTC) + timedelta(days=10)
    pair = trustme.CA().issue_cert("supabase.sandbox.internal", not_after=soon)
    certificate = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "near-its-end", "namespace": "supabase"},
        "stringData": {
            "tls.crt": pair.cert_chain_pems[0].bytes().decode(),
            "tls.key": pair.private_key_pem.bytes().decode(),
        },
    }
    before = azure.inside(
        f"""set -e
        kubectl config set-context --current --namespace supabase > /dev/null
        kubectl set image deployment/supabase-meta meta=does-not-exist:v1 >&2
        kubectl scale deployment/supabase-meta --replicas 2 >&2
        kubectl delete networkpolicy supabase-imgproxy >&2
        kubectl label secret sh.helm.release.v1.s3proxy.v1 status=pending-upgrade --overwrite >&2
        kubectl scale deployment/supabase-rest --replicas 2 >&2 # The autoscaler's most.
        kubectl patch externalsecret supabase-rest --type merge \
          -p '{{"spec": {{"refreshPolicy": "CreatedOnce", "refreshInterval": "2h"}}}}' >&2
        echo '{json.dumps(certificate)}' | kubectl apply -f - >&2
        echo; kubectl get secret supabase-auth -o jsonpath='{{.metadata.resourceVersion}}'
        """
    ).split()[-1]
    with azure.vault() as vault:
        parts = json.loads(str(vault.get_secret("jwt-set").value))
        vault.set_secret("jwt-set", json.dumps({key: f"{one} " for key, one in parts.items()}))
    azure.inside(
        f"""
        kubectl config set-context --current --namespace supabase > /dev/null
        for _ in $(seq 100); do
          now=$(kubectl get secret supabase-auth -o jsonpath='{{.metadata.resourceVersion}}')
          [ "$now" = {before} ] || break
          sleep 0.3
        done
        sleep 2 # Each Secret is copied by itself.
        kubectl scale deployment/external-secrets -n external-secrets --replicas 0
        kubectl wait pod -n external-secrets -l app.kubernetes.io/name=external-secrets \
          --for delete --timeout 30s
        kubectl patch secret supabase-studio \\
          -p '{{"stringData": {{"pg-meta-crypto-key": "{BY_HAND}"}}}}'
        """
    )


def in_the_vault(azure: Azure) -> None:
    now = datetime.now(UTC)
    with azure.vault() as vault:
        vault.begin_delete_secret(IN_VAULT["secret-missing"]).wait()
        vault.update_secret_properties(IN_VAULT["secret-disabled"], enabled=False)
        for kind, days in (("secret-expired", -1), ("secret-expiring", 10)):
            vault.update_secret_properties(IN_VAULT[kind], expires_on=now + timedelta(days=days))
        vault.set_secret(IN_VAULT["secret-not-synced"], BY_SOMEBODY)


def retain(azure: Azure, days: int) -> None:
    """Logs are kept for so long."""
    body = {"properties": {"retentionInDays": days}}
    azure.arm("PATCH", f"{azure.group}/{LOGS}", "2023-09-01", body)
