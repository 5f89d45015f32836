"""Does the region offer the database server that is wanted."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks import azure
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import Planned, Server, servers
from tasks.step import step

VERSION = "2024-08-01"


@step("check-database")
def database(subscription: str, location: str, planned: Sequence[Planned]) -> tuple[Complaint, ...]:
    """PostgreSQL's capacity differs from region to region, and from one subscription to another."""
    wanted = servers(planned)
    if not wanted:
        return ()
    space = f"/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL"
    with azure.translated(f"PostgreSQL in {location}"):
        found = azure.arm(f"{space}/locations/{location}/capabilities", VERSION)
    return tuple(one for server in wanted for one in judge(location, server, found))


def judge(location: str, server: Server, found: Mapping[str, Any] | None) -> tuple[Complaint, ...]:
    """Compare one server with the region's list."""
    offers = (found or {}).get("value", [])
    restricted = [
        str(offer.get("reason") or "")
        for offer in offers
        if features(offer).get("OfferRestricted") == "Enabled"
    ]
    if not offers or restricted:
        why = f": {restricted[0]}" if restricted and restricted[0] else ""
        return (
            Complaint(
                f"PostgreSQL flexible servers are not offered to this subscription in "
                f"{location}{why}.",
                "Choose another region, or ask Azure's support for access.",
            ),
        )
    offer = offers[0]
    return (*version_lacking(location, server, offer), *size_lacking(location, server, offer))


def features(offer: Mapping[str, Any]) -> dict[str, str]:
    return {str(one["name"]): str(one["status"]) for one in offer.get("supportedFeatures") or []}


def version_lacking(
    location: str, server: Server, offer: Mapping[str, Any]
) -> tuple[Complaint, ...]:
    known = [str(one["name"]) for one in offer.get("supportedServerVersions") or []]
    if not server.version or not known or server.version in known:
        return ()
    return (
        Complaint(
            f"database.version is {server.version}, which PostgreSQL in {location} does not offer.",
            f"Offered are {', '.join(known)}.",
        ),
    )


def size_lacking(location: str, server: Server, offer: Mapping[str, Any]) -> tuple[Complaint, ...]:
    """The size, then what the size can do there."""
    editions = {str(one["name"]): one for one in offer.get("supportedServerEditions") or []}
    sizes = {
        str(one["name"]).lower(): one
        for one in (editions.get(server.tier) or {}).get("supportedServerSkus") or []
    }
    size = sizes.get(server.size.lower())
    if size is None:
        names = ", ".join(str(one["name"]) for one in sizes.values()) or "none"
        return (
            Complaint(
                f"database.sku asks for {server.tier} {server.size}, which PostgreSQL in "
                f"{location} does not offer.",
                f"Offered of {server.tier or 'this tier'} are {names}.",
            ),
        )
    found = []
    modes = [str(mode) for mode in size.get("supportedHaMode") or []]
    if server.availability and server.availability not in modes:
        found.append(
            Complaint(
                f"The database wants high availability {server.availability}; {server.size} in "
                f"{location} offers {', '.join(modes) or 'none'}.",
                "Choose what is offered, a size of General Purpose or Memory Optimized (Burstable "
                "has none), or another region.",
            )
        )
    zones = [str(zone) for zone in size.get("supportedZones") or []]
    if absent := [zone for zone in server.zones if zone not in zones]:
        found.append(
            Complaint(
                f"The database wants zone {', '.join(absent)}; {server.size} in {location} is in "
                f"{', '.join(zones) or 'no zone'}.",
                "Choose one of these zones, or leave it to Azure.",
            )
        )
    return tuple(found)
