"""
Replace every secret before it grows old, and nobody is refused meanwhile.

Who presents reads a credential, who verifies reads those that are accepted. A rotation is three
moves, each one version in the vault: stage (accept the next one, too), switch (present it), retire
(accept it alone). How far it has come is read from the vault.
"""

from tasks.rotation.policy import Policy
from tasks.rotation.standing import Round, Standing, begun, early
from tasks.rotation.steps import Safe, expect, go_back, make, overlap, settle, survey
from tasks.rotation.table import day, done, outlook, show, summary
from tasks.rotation.units import LEGACY, Unit, chosen, units
from tasks.rotation.vault import MOVES, Move

__all__ = [
    "LEGACY",
    "MOVES",
    "Move",
    "Policy",
    "Round",
    "Safe",
    "Standing",
    "Unit",
    "begun",
    "chosen",
    "day",
    "done",
    "early",
    "expect",
    "go_back",
    "make",
    "outlook",
    "overlap",
    "settle",
    "show",
    "summary",
    "survey",
    "units",
]
