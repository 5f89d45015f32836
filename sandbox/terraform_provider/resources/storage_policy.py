"""Microsoft.Storage: when blobs move to a cheaper tier, or go."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import Codec
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import Block, Entries, Entry, Resource, at
from sandbox.terraform_provider.resources.storage import API
from sandbox.terraform_provider.values import Object

DAYS = Codec(lambda days: None if days == -1 else days)  # -1 is Terraform's "never".
ACTIONS = {
    "delete": "delete",
    "tier_to_archive": "tierToArchive",
    "tier_to_cold": "tierToCold",
    "tier_to_cool": "tierToCool",
}
SINCE = {
    "creation": "daysAfterCreationGreaterThan",
    "last_access_time": "daysAfterLastAccessTimeGreaterThan",
    "modification": "daysAfterModificationGreaterThan",
}
TIER_CHANGE: dict[str, Entry] = {
    "tier_to_archive_after_days_since_last_tier_change_greater_than": at(
        "tierToArchive.daysAfterLastTierChangeGreaterThan", DAYS
    )
}


def since(action: str, way: str) -> dict[str, Entry]:
    """One age at which something happens."""
    name = f"{action}_after_days_since_{way}_greater_than"
    return {name: at(f"{ACTIONS[action]}.{SINCE[way]}", DAYS)}


def created(name: str, action: str) -> dict[str, Entry]:
    """The same, where Terraform has a name of its own for it."""
    return {name: at(f"{ACTIONS[action]}.{SINCE['creation']}", DAYS)}


OLD_VERSION = {
    **TIER_CHANGE,
    **since("tier_to_cold", "creation"),
    **created("change_tier_to_archive_after_days_since_creation", "tier_to_archive"),
    **created("change_tier_to_cool_after_days_since_creation", "tier_to_cool"),
}
BASE: Entries = {
    **TIER_CHANGE,
    **{key: one for action in ACTIONS for way in SINCE for key, one in since(action, way).items()},
    "auto_tier_to_hot_from_cool_enabled": "enableAutoTierToHotFromCool",
}
RULE: Entries = {
    "actions": Block(
        "definition.actions",
        {
            "base_blob": Block("baseBlob", BASE),
            "snapshot": Block("snapshot", {**OLD_VERSION, **since("delete", "creation")}),
            "version": Block(
                "version", {**OLD_VERSION, **created("delete_after_days_since_creation", "delete")}
            ),
        },
    ),
    "filters": Block(
        "definition.filters",
        {"match_blob_index_tag": Block("blobIndexMatch", {"operation": "op"})},
    ),
}


class ManagementPolicy(Lifecycle):
    """Every rule is a lifecycle rule."""

    def prepare(self, body: Object, _change: Change) -> None:
        for rule in bodies.get(body, "properties.policy.rules") or []:
            rule["type"] = "Lifecycle"


RESOURCES = {
    "azurerm_storage_management_policy": Resource(
        id="{storage_account_id}/managementPolicies/default",
        api=API,
        fields={"rule": Block("properties.policy.rules", RULE)},
    ),
}
LIFECYCLES = {"azurerm_storage_management_policy": ManagementPolicy}
