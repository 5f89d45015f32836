"""The resource types of Microsoft.Compute, as data."""

from starlette.routing import Route

from sandbox import resource_type, rules
from sandbox.cloud.compute import capacity
from sandbox.resource_type import ResourceType
from sandbox.rules import defaults, identified, one_of, required, together
from sandbox.store import Store

SETS = "Microsoft.Compute/diskEncryptionSets"
KINDS = (
    "ConfidentialVmEncryptedWithCustomerKey",
    "EncryptionAtRestWithCustomerKey",
    "EncryptionAtRestWithPlatformAndCustomerKeys",
)

TYPES = (
    ResourceType(
        SETS,
        timed="monitoring",
        check=together(
            required("properties.activeKey.keyUrl"), one_of("properties.encryptionType", *KINDS)
        ),
        fill=together(
            defaults(
                encryptionType="EncryptionAtRestWithCustomerKey",
                previousKeys=[],
                rotationToLatestKeyVersionEnabled=False,
            ),
            identified,
        ),
        created=200,
        slow=202,
    ),
)


def routes(store: Store) -> list[Route]:
    store.listen("deleted", SETS, lambda one: rules.forget_identity(one, store))
    return [*capacity.routes(store), *resource_type.routes(store, TYPES)]
