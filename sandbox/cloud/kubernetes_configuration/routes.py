"""The resource types of Microsoft.KubernetesConfiguration, as data."""

from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.kubernetes_configuration import models
from sandbox.resource_type import ResourceType
from sandbox.rules import defaults, one_of, required, together
from sandbox.store import Store

TYPES = (
    ResourceType(
        models.EXTENSIONS,
        extends=True,
        timed="cluster_extension",
        check=together(required("properties.extensionType"), models.check_cluster),
        fill=together(
            defaults(
                autoUpgradeMinorVersion=True,
                configurationSettings={},
                isSystemExtension=False,
                releaseTrain="Stable",
                statuses=[],
            ),
            models.fill_extension,
        ),
    ),
    ResourceType(
        models.CONFIGURATIONS,
        extends=True,
        timed="cluster_extension",
        check=together(
            required("properties.sourceKind", "properties.kustomizations"),
            one_of("properties.scope", "cluster", "namespace"),
            models.check_cluster,
            models.check_source,
        ),
        fill=together(
            defaults(namespace="default", scope="cluster", suspend=False),
            models.fill_configuration,
        ),
    ),
)


def routes(store: Store) -> list[Route]:
    store.listen("deleted", models.EXTENSIONS, lambda one: models.forget_identity(one, store))
    return resource_type.routes(store, TYPES)
