"""Keep secrets in Key Vault. Names and versions leave its steps, values do not."""

from tasks.key_vault.access import IN_A_ROW, PROBE, absent, reach, revision
from tasks.key_vault.data_plane import Described, Stored, described, read, tag, write
from tasks.key_vault.sealed import Sealed
from tasks.key_vault.seeding import Kept, keep, lacking, variable
from tasks.key_vault.vault import Vault

__all__ = [
    "IN_A_ROW",
    "PROBE",
    "Described",
    "Kept",
    "Sealed",
    "Stored",
    "Vault",
    "absent",
    "described",
    "keep",
    "lacking",
    "reach",
    "read",
    "revision",
    "tag",
    "variable",
    "write",
]
