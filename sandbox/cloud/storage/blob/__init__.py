"""Blob Storage: accounts answer at `<name>.blob.core.windows.net`."""

from sandbox.cloud.storage.blob.data import HOSTS, create, resolves

__all__ = ["HOSTS", "create", "resolves"]
