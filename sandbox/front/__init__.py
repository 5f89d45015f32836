"""The front of the sandbox: an intercepting proxy with its own certificate authority."""

from sandbox.front.authority import Authority
from sandbox.front.hosts import Hosts, Network, RefusedError
from sandbox.front.listener import Front

__all__ = ["Authority", "Front", "Hosts", "Network", "RefusedError"]
