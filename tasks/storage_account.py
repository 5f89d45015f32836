"""Read the storage account's key, for consumers that cannot sign in with an identity."""

from dataclasses import dataclass

from azure.mgmt.storage import StorageManagementClient

from tasks import azure


@dataclass(frozen=True)
class KeyReader:
    """Fetches the first key when called, so that the value stays out of task parameters."""

    subscription: str
    resource_group: str
    account: str

    def __call__(self) -> str:
        client = StorageManagementClient(azure.credential(), self.subscription)
        with azure.translated(f"Keys of storage account {self.account}"), client:
            found = client.storage_accounts.list_keys(self.resource_group, self.account)
        return next(str(key["value"]) for key in found["keys"])  # `.keys` is the mapping's method.
