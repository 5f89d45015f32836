"""Microsoft.KubernetesConfiguration: extensions of a cluster, and Flux."""

from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import Block, Entries, Resource, at, reads, writes
from sandbox.terraform_provider.values import Object

SPACE = "{cluster_id}/providers/Microsoft.KubernetesConfiguration"
SECRET_SETTINGS = "configurationProtectedSettings"  # noqa: S105  # The name of a property.
SECRETS = (
    ("gitRepository", "sshPrivateKey"),
    ("gitRepository", "httpsKey"),
    ("bucket", "bucketSecretKey"),
)
SOURCES = {"gitRepository": "GitRepository", "bucket": "Bucket", "azureBlob": "AzureBlob"}


class Extension(Lifecycle):
    def prepare(self, body: Object, change: Change) -> None:
        body["properties"]["autoUpgradeMinorVersion"] = not change.planned.get("version")

    def arrange(self, body: Object, _prior: Object | None) -> None:
        identity = body["properties"].get("aksAssignedIdentity")
        body["properties"]["$identities"] = [identity] if identity else []


class FluxConfiguration(Lifecycle):
    """One of three sources is set; kustomizations are an object by name; secrets lie apart."""

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        kustomizations = properties.pop("$kustomizations", None) or []
        properties["kustomizations"] = {one["name"]: one for one in kustomizations}
        secrets = properties.setdefault(SECRET_SETTINGS, {})
        for word, name in SECRETS:
            found = (properties.get(word) or {}).pop(f"${name}", None)
            if found:
                secrets[name] = found
        git, blob = properties.get("gitRepository") or {}, properties.get("azureBlob") or {}
        if git:
            git["repositoryRef"] = {git.pop("$type"): git.pop("$value")}
        if blob:
            blob["url"], _, blob["containerName"] = blob.pop("$container").rpartition("/")
        properties["sourceKind"] = next(
            kind for word, kind in SOURCES.items() if properties.get(word)
        )

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        found = properties.get("kustomizations") or {}
        properties["$kustomizations"] = [{**one, "name": name} for name, one in found.items()]
        git, blob = properties.get("gitRepository") or {}, properties.get("azureBlob") or {}
        for kind, value in (git.get("repositoryRef") or {}).items():
            if value:
                git["$type"], git["$value"] = kind, value
        if blob:
            blob["$container"] = f"{blob['url']}/{blob['containerName']}"


INTERVALS: Entries = {
    "sync_interval_in_seconds": "syncIntervalInSeconds",
    "timeout_in_seconds": "timeoutInSeconds",
}
RESOURCES = {
    "azurerm_kubernetes_cluster_extension": Resource(
        id=f"{SPACE}/extensions/{{name}}",
        api="2024-11-01",
        fields={
            "aks_assigned_identity": Block("properties.$identities", writable=False),
            "configuration_protected_settings": writes(f"properties.{SECRET_SETTINGS}"),
            "current_version": reads("properties.currentVersion"),
            "release_namespace": "properties.scope.cluster.releaseNamespace",
            "target_namespace": "properties.scope.namespace.targetNamespace",
            "plan": "plan",
        },
    ),
    "azurerm_kubernetes_flux_configuration": Resource(
        id=f"{SPACE}/fluxConfigurations/{{name}}",
        api="2025-04-01",
        fields={
            "continuous_reconciliation_enabled": at("properties.suspend", NEGATED),
            "kustomizations": Block(
                "properties.$kustomizations",
                {
                    "garbage_collection_enabled": "prune",
                    "recreating_enabled": "force",
                    "post_build": Block("postBuild", {"substitute_from": Block("substituteFrom")}),
                },
            ),
            "git_repository": Block(
                "properties.gitRepository",
                {
                    "https_ca_cert_base64": writes("httpsCACert"),
                    "https_key_base64": writes("$httpsKey"),
                    "ssh_private_key_base64": writes("$sshPrivateKey"),
                    "ssh_known_hosts_base64": "sshKnownHosts",
                    "reference_type": "$type",
                    "reference_value": "$value",
                    **INTERVALS,
                },
            ),
            "bucket": Block(
                "properties.bucket",
                {
                    "secret_key_base64": writes("$bucketSecretKey"),
                    "tls_enabled": at("insecure", NEGATED),
                    **INTERVALS,
                },
            ),
            "blob_storage": Block(
                "properties.azureBlob",
                {
                    "container_id": "$container",
                    "account_key": writes("accountKey"),
                    "sas_token": writes("sasToken"),
                    **INTERVALS,
                },
            ),
        },
    ),
}
LIFECYCLES = {
    "azurerm_kubernetes_cluster_extension": Extension,
    "azurerm_kubernetes_flux_configuration": FluxConfiguration,
}
