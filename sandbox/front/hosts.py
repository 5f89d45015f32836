"""Which host names exist, and from where they can be reached."""

import asyncio
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from starlette.types import ASGIApp

from sandbox.weather import Outage

PRIVATE = ("*.azmk8s.io", "*.svc", "*.cluster.local", "*.postgres.database.azure.com")
LINK_LOCAL = "169.254.*"


# What goes on with a connection to a host from a network, or `RefusedError`.
Door = Callable[[str, str], Callable[[asyncio.Transport], None]]


class RefusedError(Exception):
    """A connection that goes nowhere; the sentence is what the client is told."""


@dataclass
class Network:
    """A virtual network: its private names, and the token that proves that a caller is inside."""

    name: str
    hosts: dict[str, ASGIApp] = field(default_factory=dict)
    names: Callable[[str], ASGIApp | None] = lambda _host: None
    """What else has a name here at this moment, once nothing public has it."""
    services: ASGIApp | None = None
    """What answers there on any port, without TLS too."""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


def match(hosts: dict[str, ASGIApp], host: str) -> ASGIApp | None:
    """The application behind a name; a plain name wins over a pattern."""
    if host in hosts:
        return hosts[host]
    return next((app for pattern, app in hosts.items() if fnmatchcase(host, pattern)), None)


class Hosts:
    """The names of the internet, and of each virtual network."""

    def __init__(self) -> None:
        self.public: dict[str, ASGIApp] = {}
        self.networks: dict[str, Network] = {}
        self.everywhere: dict[str, ASGIApp] = {}
        """What each network has, and the internet has not."""
        self.resolvers: dict[
            str, Callable[[str], bool]
        ] = {}  # By pattern: does the name exist now?
        self.doors: dict[str, Door] = {}  # By port: what speaks something else than HTTPS there.
        self.edge: Callable[[str], ASGIApp | None] = lambda _host: None
        """What answers, websockets too, for a name that a cluster has published; its own object."""
        self.outage: Callable[[str, str], Outage | None] = lambda _host, _network: None
        """Why a host takes no connection from a network at this moment."""

    def find(self, host: str, network: str = "") -> ASGIApp:
        """The application that answers for a host to a caller in a network; else a refusal."""
        inside = self.networks.get(network)
        found = (match(inside.hosts, host) or self.everywhere.get(host)) if inside else None
        found = found or match(self.public, host) or self.edge(host)
        found = found or (inside.names(host) if inside else None)
        if found and not self._resolves(host):
            raise RefusedError(f"{host} does not exist: nothing in the sandbox has this name.")
        if found:
            return found
        if any(fnmatchcase(host, pattern) for pattern in PRIVATE):
            where = f"the network of {network} has no such name" if inside else "you are outside"
            raise RefusedError(
                f"{host} is private: it is reached from inside its virtual network, and {where}."
            )
        if fnmatchcase(host, LINK_LOCAL):
            raise RefusedError(
                f"{host} is unreachable: only a machine has it, and you are on none. Programs in "
                "a cluster are; for one on this computer, see docs/sandbox/identities.md."
            )
        raise RefusedError(f"The sandbox does not simulate {host}, and never dials the real one.")

    def serves(self, host: str, network: str) -> bool:
        """Is a host a service in a network, which is asked on any port."""
        inside = self.networks.get(network)
        if inside is None or inside.services is None:
            return False
        try:
            return self.find(host, network) is inside.services
        except RefusedError:
            return False

    def _resolves(self, host: str) -> bool:
        asked = (exists for pattern, exists in self.resolvers.items() if fnmatchcase(host, pattern))
        return all(exists(host) for exists in asked)

    def admits(self, network: str, token: str) -> bool:
        """Do these proxy credentials prove that the caller stands in the network."""
        known = self.networks.get(network)
        return known is not None and hmac.compare_digest(known.token.encode(), token.encode())
