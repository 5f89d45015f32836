"""Does the vault let us in, and what does it lack."""

from tasks.key_vault.data_plane import opened, present
from tasks.step import step

IN_A_ROW = 5  # Vault nodes disagree while a role spreads: one success proves little.
PROBE = "access-probe"  # A name that no secret has; asking for it needs the same right.


@step("reach-vault")
def reach(vault_uri: str) -> None:
    """
    Return when the data plane has let us read several times in a row.

    Whoever may write learns it at the first write, which is a visible wait of its own.
    """
    for _ in range(IN_A_ROW):
        with opened(vault_uri) as vault:  # A new connection each time may meet another node.
            present(vault, PROBE)


@step("find-provided-secrets")
def absent(vault_uri: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these names the vault does not hold."""
    with opened(vault_uri) as vault:
        present = {properties.name for properties in vault.list_properties_of_secrets()}
    return tuple(name for name in names if name not in present)
