"""The resource types of Microsoft.DataProtection, as data; no backup is ever made."""

import re
from typing import Any

from starlette.routing import Route

from sandbox import resource_type, rules
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import computed, defaults, identified, refers, required, together
from sandbox.store import Store

VAULTS = "Microsoft.DataProtection/backupVaults"
POLICIES = f"{VAULTS}/backupPolicies"
POLICY_NAME = re.compile(r"^[a-zA-Z][a-zA-Z0-9-]{1,148}[a-zA-Z0-9]$")


def protection(_change: Change) -> dict[str, Any]:
    return {
        "currentProtectionState": "ProtectionConfigured",
        "protectionStatus": {"status": "ProtectionConfigured"},
    }


TYPES = (
    ResourceType(
        VAULTS,
        timed="workspace",
        check=required("properties.storageSettings"),
        fill=together(
            defaults(
                securitySettings={
                    "softDeleteSettings": {"state": "On", "retentionDurationInDays": 14}
                },
                featureSettings={},
            ),
            identified,
        ),
    ),
    ResourceType(
        POLICIES,
        check=required("properties.policyRules"),
        render=stateless,
        created=200,
        name=POLICY_NAME,
    ),
    ResourceType(
        f"{VAULTS}/backupInstances",
        timed="workspace",
        check=together(
            required("properties.dataSourceInfo.resourceID", "properties.policyInfo.policyId"),
            refers("properties.dataSourceInfo.resourceID"),
            refers("properties.policyInfo.policyId", kind=POLICIES),
        ),
        fill=computed(protection),
    ),
)


def routes(store: Store) -> list[Route]:
    store.listen("deleted", VAULTS, lambda one: rules.forget_identity(one, store))
    return resource_type.routes(store, TYPES)
