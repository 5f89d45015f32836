"""Extensions and Flux configurations as ARM shows them; nothing runs in the cluster for them."""

from typing import Any

from sandbox.arm import ArmError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

EXTENSIONS = "Microsoft.KubernetesConfiguration/extensions"
CONFIGURATIONS = "Microsoft.KubernetesConfiguration/fluxConfigurations"
CLUSTER = "Microsoft.ContainerService/managedClusters"
SOURCES = {"GitRepository": "gitRepository", "Bucket": "bucket", "AzureBlob": "azureBlob"}
# Types that AKS offers, with the version that the stable train has; by memory.
VERSIONS = {
    "microsoft.azureml.kubernetes": "1.1.84",
    "microsoft.azuremonitor.containers": "3.1.28",
    "microsoft.backup": "0.1.0",
    "microsoft.dapr": "1.15.5",
    "microsoft.dataprotection.kubernetes": "0.0.3006",
    "microsoft.flux": "1.17.3",
    "microsoft.azurekeyvaultsecretsprovider": "1.7.1",
}


def check_cluster(change: Change) -> None:
    """Extensions belong to clusters that are there and at rest."""
    cluster = change.store.get(change.id.parent)
    if cluster.kind.lower() != CLUSTER.lower():
        raise ArmError(
            400, "BadRequest", f"{cluster.kind} takes no extensions: a managed cluster does."
        )
    if cluster.busy and change.before is None:
        raise ArmError(
            409,
            "Conflict",
            f"The cluster '{cluster.name}' is {cluster.state}: wait until it is ready.",
        )


def fill_extension(change: Change) -> None:
    """Protected settings are kept, and shown without their values."""
    properties = change.properties
    properties["extensionType"] = str(properties["extensionType"]).lower()
    known = VERSIONS.get(properties["extensionType"], "1.0.0")
    wanted = properties.get("version")
    properties["currentVersion"] = wanted or known
    hide(change, "configurationProtectedSettings")
    name = change.id.name.lower()
    scope = properties.get("scope") or {}
    if "namespace" not in scope:
        scope = {"cluster": {"releaseNamespace": name} | (scope.get("cluster") or {})}
    properties["scope"] = scope
    before = change.before.properties if change.before else {}
    properties["aksAssignedIdentity"] = before.get("aksAssignedIdentity") or {
        "type": "SystemAssigned",
        "principalId": change.store.introduce(f"ext-{name}").object_id,
        "tenantId": change.store.tenant,
    }


def hide(change: Change, key: str) -> None:
    """Keep secrets where ARM does not show them."""
    given = change.properties.get(key) or {}
    known = {name: value for name, value in given.items() if value not in (None, "")}
    change.secrets[key] = known
    change.properties[key] = dict.fromkeys(given, "")


def forget_identity(extension: Resource, store: Store) -> None:
    store.principals.pop(extension.properties["aksAssignedIdentity"]["principalId"], None)


def check_source(change: Change) -> None:
    kind = str(change.properties["sourceKind"])
    if kind not in SOURCES or not change.properties.get(SOURCES[kind]):
        raise ArmError(
            400,
            "BadRequest",
            f"The Flux configuration '{change.id.name}' has sourceKind '{kind}': it is one of "
            f"{', '.join(SOURCES)}, with the properties of that source.",
        )


def fill_configuration(change: Change) -> None:
    properties = change.properties
    hide(change, "configurationProtectedSettings")
    for name, kustomization in (properties.get("kustomizations") or {}).items():
        kustomization["name"] = name
        standard: dict[str, Any] = {
            "dependsOn": [],
            "force": False,
            "path": "",
            "prune": False,
            "retryIntervalInSeconds": None,
            "syncIntervalInSeconds": 600,
            "timeoutInSeconds": 600,
            "wait": True,
        }
        for key, value in standard.items():
            kustomization.setdefault(key, value)
    properties.update(
        complianceState="Compliant", repositoryPublicKey="", statuses=[], sourceSyncedCommitId=""
    )
