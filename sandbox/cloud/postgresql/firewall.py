"""Who reaches a server with a public address."""

from ipaddress import AddressValueError, IPv4Address

from sandbox.arm import ArmError
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

KIND = "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules"
AZURE = IPv4Address("0.0.0.0")  # noqa: S104  # As both ends of a rule: everything inside Azure.


def check(change: Change, server: Resource) -> None:
    """A rule is a range of addresses, of a server that has a public one."""
    if server.properties["network"].get("publicNetworkAccess") == "Disabled":
        raise ArmError(
            400,
            "FirewallRuleNotSupported",
            f"Firewall rules are for servers with public access, and '{server.name}' has none.",
        )
    try:
        first, last = ends(change.properties)
    except AddressValueError as error:
        raise ArmError(400, "InvalidParameterValue", f"No IPv4 address: {error}.") from error
    if first > last:
        raise ArmError(
            400, "InvalidParameterValue", f"The range ends with {last}, before its start {first}."
        )


def ends(rule: dict[str, object]) -> tuple[IPv4Address, IPv4Address]:
    first, last = (str(rule.get(name, "")) for name in ("startIpAddress", "endIpAddress"))
    return IPv4Address(first), IPv4Address(last)


def lets_in(server: Resource, store: Store, address: str, *, azure: bool) -> bool:
    """Does a rule of the server name this address, or all of Azure and the caller is in it."""
    asked = IPv4Address(address)
    for rule in store.below(server.id, KIND):
        first, last = ends(rule.properties)
        if first <= asked <= last or (azure and first == last == AZURE):
            return True
    return False
