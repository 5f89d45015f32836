"""Keep secrets in Key Vault. Names and versions leave its steps, values do not."""

from tasks.key_vault.access import IN_A_ROW, PROBE, absent, reach
from tasks.key_vault.data_plane import Described, Stored, described, read, tag, write
from tasks.key_vault.decisions import Wishes, flaws
from tasks.key_vault.deletion import Deleted, find, purge
from tasks.key_vault.sealed import Sealed
from tasks.key_vault.seeding import Kept, keep
from tasks.key_vault.telling import MISSING, aligned, lacking, providers
from tasks.key_vault.vault import Vault

__all__ = [
    "IN_A_ROW",
    "MISSING",
    "PROBE",
    "Deleted",
    "Described",
    "Kept",
    "Sealed",
    "Stored",
    "Vault",
    "Wishes",
    "absent",
    "aligned",
    "described",
    "find",
    "flaws",
    "keep",
    "lacking",
    "providers",
    "purge",
    "reach",
    "read",
    "tag",
    "write",
]
