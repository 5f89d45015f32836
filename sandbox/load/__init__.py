"""Clients of a platform that ask for all of it throughout, and count what they do not get."""

from sandbox.load.client import SignUpError
from sandbox.load.entrance import Entrance, NoPlatformError
from sandbox.load.run import Load, PreparationError, run
from sandbox.load.tally import Tally

__all__ = [
    "Entrance",
    "Load",
    "NoPlatformError",
    "PreparationError",
    "SignUpError",
    "Tally",
    "run",
]
