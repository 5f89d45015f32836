"""Azurite, Microsoft's own emulator of Blob Storage, as the engine behind storage accounts."""

from sandbox.engines.azurite.process import Azurite, MissingError

__all__ = ["Azurite", "MissingError"]
