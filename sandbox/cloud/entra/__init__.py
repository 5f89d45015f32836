"""Entra ID: tokens for clients with a secret and for managed identities that others vouch for."""

from sandbox.cloud.entra.models import Client, Directory, EntraError, Identity
from sandbox.cloud.entra.routes import HOSTS, create
from sandbox.cloud.entra.tokens import Tokens, new_key

__all__ = ["HOSTS", "Client", "Directory", "EntraError", "Identity", "Tokens", "create", "new_key"]
