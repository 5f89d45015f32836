"""A secret that one step hands to another: it shows nothing by itself."""

from dataclasses import dataclass

from azure.keyvault.secrets import SecretClient, SecretProperties

from tasks.key_vault.data_plane import handled, opened

APPLIED = "applied-to"  # The tag that says where a version is in use.


@dataclass(frozen=True)
class Sealed:
    """A step may open it, and mark it as applied."""

    vault_uri: str
    name: str

    def applied_to(self) -> str:
        with opened(self.vault_uri) as vault:
            return (self._current(vault).tags or {}).get(APPLIED, "")

    def reveal(self) -> str:
        with opened(self.vault_uri) as vault:
            value = vault.get_secret(self.name).value or ""
        handled(self.name, value)
        return value

    def mark(self, where: str) -> None:
        """Record on the current version where it is in use."""
        with opened(self.vault_uri) as vault:
            current = self._current(vault)
            tags = dict(current.tags or {}) | {APPLIED: where}
            vault.update_secret_properties(self.name, current.version, tags=tags)

    def _current(self, vault: SecretClient) -> SecretProperties:
        return vault.get_secret(self.name).properties
