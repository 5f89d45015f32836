"""The operator's own kinds, and what its objects are called."""

from sandbox.cluster.controllers.kinds import Kind

GROUP = "external-secrets.io"

EXTERNAL_SECRETS = Kind(GROUP, "v1", "externalsecrets", "ExternalSecret")
SECRET_STORES = Kind(GROUP, "v1", "secretstores", "SecretStore")
CLUSTER_SECRET_STORES = Kind(
    GROUP, "v1", "clustersecretstores", "ClusterSecretStore", namespaced=False
)

COMPONENT = "external-secrets.io/component"  # Marks what the cert-controller looks after.
MANAGED = "reconcile.external-secrets.io/managed"
CREATED_BY = "reconcile.external-secrets.io/created-by"
DATA_HASH = "reconcile.external-secrets.io/data-hash"

SOURCE = "external-secrets"
