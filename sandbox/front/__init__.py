"""The front of the sandbox: an intercepting proxy with its own certificate authority."""

from sandbox.front.authority import Authority, write_private
from sandbox.front.hosts import Hosts, Network, RefusedError
from sandbox.front.listener import Front

__all__ = ["Authority", "Front", "Hosts", "Network", "RefusedError", "write_private"]
