"""The two keys of a storage account, for consumers that cannot sign in with an identity."""

from dataclasses import dataclass

from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.models import (
    StorageAccountListKeysResult,
    StorageAccountRegenerateKeyParameters,
)

from tasks import azure, redaction


@dataclass(frozen=True)
class AccountKeys:
    """Asks when it is called, so that no value is ever a parameter of a task."""

    subscription: str
    resource_group: str
    account: str

    def __call__(self, present: str | None) -> str:
        """The key for the vault: the present one while it is valid, else the first."""
        valid = self._values()
        return present if present and present in valid.values() else valid["key1"]

    def value(self, name: str) -> str:
        return self._values()[name]

    def regenerate(self, name: str) -> str:
        """A new value for this key; whoever holds its old one is refused from now on."""
        client = StorageManagementClient(azure.credential(), self.subscription)
        wanted = StorageAccountRegenerateKeyParameters(key_name=name)
        with azure.translated(f"Key {name} of storage account {self.account}"), client:
            made = client.storage_accounts.regenerate_key(self.resource_group, self.account, wanted)
        return values(made)[name]

    def _values(self) -> dict[str, str]:
        client = StorageManagementClient(azure.credential(), self.subscription)
        with azure.translated(f"Keys of storage account {self.account}"), client:
            return values(client.storage_accounts.list_keys(self.resource_group, self.account))


def values(found: StorageAccountListKeysResult) -> dict[str, str]:
    """By name; `.keys` is the mapping's method."""
    told = {str(key["keyName"]): str(key["value"]) for key in found["keys"]}
    for value in told.values():
        redaction.remember("azure-storage-account-key", value)
    return told
