"""Does the region exist, and does it have zones where zones are wanted."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from tasks import azure
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import Planned, zoned
from tasks.step import step

VERSION = "2022-12-01"


@step("check-region-{location}")
def region(subscription: str, location: str, planned: Sequence[Planned]) -> tuple[Complaint, ...]:
    """A misspelled region, or one without zones, is otherwise told by each resource in turn."""
    with azure.translated(f"Regions of subscription {subscription}"):
        listed = azure.arm(f"/subscriptions/{subscription}/locations", VERSION)
    return judge(location, planned, listed)


def judge(
    location: str, planned: Sequence[Planned], listed: Mapping[str, Any] | None
) -> tuple[Complaint, ...]:
    regions = {str(entry["name"]): entry for entry in (listed or {}).get("value", [])}
    if location not in regions:
        close = difflib.get_close_matches(location, regions, n=3)
        meant = f"Did you mean {', '.join(close)}? " if close else ""
        return (
            Complaint(
                f"location is {location!r}, and this subscription has no such region.",
                f"{meant}`az account list-locations -o table` lists them.",
            ),
        )
    if regions[location].get("availabilityZoneMappings"):
        return ()
    wishes = list(zoned(planned))
    if not wishes:
        return ()
    with_zones = sorted(
        name for name, entry in regions.items() if entry.get("availabilityZoneMappings")
    )
    told = "; ".join(f"{address} wants {wish}" for address, wish in wishes)
    return (
        Complaint(
            f"Region {location} has no availability zones: {told}.",
            "Choose a region with zones, such as "
            f"{', '.join(with_zones[:4])}, or do without: `zones = []`, no zone-redundant "
            "database, LRS or GRS replication.",
        ),
    )
