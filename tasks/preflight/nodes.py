"""Machines for the nodes: does the region have them, in these zones, and within the quota."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks import azure
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import Planned, Pool, pools
from tasks.step import step

SKUS, USAGES = "2021-07-01", "2023-07-01"
LIST = "`az vm list-skus -l {location} --zone -r virtualMachines -o table` lists what there is"
TOTAL = "cores"


@dataclass(frozen=True)
class Machine:
    """A size of machine as the region offers it to this subscription."""

    name: str
    family: str
    cores: int
    zones: frozenset[str]
    withheld: str = ""  # Why this subscription may not have it, in Azure's word.


@dataclass(frozen=True)
class Quota:
    """How many cores the subscription has and may have."""

    words: str
    used: int
    limit: int


@step("check-nodes")
def nodes(subscription: str, location: str, planned: Sequence[Planned]) -> tuple[Complaint, ...]:
    """Ask for all pools at their largest, plus the nodes that an upgrade adds."""
    wanted = pools(planned)
    if not wanted:
        return ()
    space = f"/subscriptions/{subscription}/providers/Microsoft.Compute"
    with azure.translated(f"Machines in {location}"):
        offered = machines(
            location, azure.arm(f"{space}/skus", SKUS, filter=f"location eq '{location}'")
        )
        quotas = limits(azure.arm(f"{space}/locations/{location}/usages", USAGES))
    missing = sizes_lacking(location, wanted, offered)
    return missing + quota_lacking(location, planned, offered, quotas)


def machines(location: str, listed: Mapping[str, Any] | None) -> dict[str, Machine]:
    """By name in small letters."""
    found = {}
    for entry in (listed or {}).get("value", []):
        if entry.get("resourceType") != "virtualMachines":
            continue
        values = {one["name"]: one["value"] for one in entry.get("capabilities") or []}
        zones = {
            zone
            for place in entry.get("locationInfo") or []
            if str(place["location"]).lower() == location
            for zone in place.get("zones") or []
        }
        withheld = ""
        for limit in entry.get("restrictions") or []:
            if limit.get("type") == "Zone":
                zones -= set((limit.get("restrictionInfo") or {}).get("zones") or [])
            else:
                withheld = str(limit.get("reasonCode") or "restricted")
        found[str(entry["name"]).lower()] = Machine(
            str(entry["name"]),
            str(entry.get("family", "")),
            int(values.get("vCPUs", 0)),
            frozenset(zones),
            withheld,
        )
    return found


def limits(listed: Mapping[str, Any] | None) -> dict[str, Quota]:
    """By family in small letters; `cores` is the sum of all."""
    return {
        str(entry["name"]["value"]).lower(): Quota(
            str(entry["name"].get("localizedValue") or entry["name"]["value"]),
            int(entry["currentValue"]),
            int(entry["limit"]),
        )
        for entry in (listed or {}).get("value", [])
    }


def sizes_lacking(
    location: str, wanted: Sequence[Pool], offered: Mapping[str, Machine]
) -> tuple[Complaint, ...]:
    found = []
    zoned = any(machine.zones for machine in offered.values())  # Else `region` complains, once.
    for pool in wanted:
        machine = offered.get(pool.size.lower())
        where = f"Node pool {pool.name}: size {pool.size}"
        if machine is None:
            names = {one.name.lower(): one.name for one in offered.values() if not one.withheld}
            close = difflib.get_close_matches(pool.size.lower(), names, n=3)
            meant = f"Did you mean {', '.join(names[one] for one in close)}? " if close else ""
            found.append(
                Complaint(
                    f"{where} does not exist in {location}.",
                    f"{meant}{LIST.format(location=location)}.",
                )
            )
        elif machine.withheld:
            found.append(
                Complaint(
                    f"{where} is withheld from this subscription in {location} "
                    f"({machine.withheld}).",
                    f"Choose another size or region ({LIST.format(location=location)}), or ask "
                    "Azure's support for access.",
                )
            )
        elif zoned and (absent := sorted(set(pool.zones) - machine.zones)):
            there = ", ".join(sorted(machine.zones)) or "none"
            found.append(
                Complaint(
                    f"{where} is wanted in zones {', '.join(pool.zones)} of {location}, and zone "
                    f"{', '.join(absent)} does not have it (it is in: {there}).",
                    "Choose these zones, another size or another region.",
                )
            )
    return tuple(found)


def quota_lacking(
    location: str,
    planned: Sequence[Planned],
    offered: Mapping[str, Machine],
    quotas: Mapping[str, Quota],
) -> tuple[Complaint, ...]:
    """What is there already has its cores: only what comes on top counts against the rest."""
    needs: Counter[str] = Counter()
    terms: dict[str, list[str]] = {}
    for pool in pools(planned):
        if machine := offered.get(pool.size.lower()):
            for name in (machine.family.lower(), TOTAL):
                needs[name] += pool.nodes * machine.cores
                terms.setdefault(name, []).append(
                    f"{pool.name} {pool.most} + {pool.surge} for upgrades, {machine.cores} each"
                )
    for pool in pools(planned, before=True):
        if machine := offered.get(pool.size.lower()):
            for name in (machine.family.lower(), TOTAL):
                needs[name] -= pool.nodes * machine.cores
    return tuple(
        Complaint(
            f"Quota {quotas[name].words} in {location}: {need} more cores are needed "
            f"({'; '.join(terms[name])}), and {quotas[name].used} of {quotas[name].limit} are "
            "in use.",
            f"Ask for {quotas[name].used + need} cores (portal: Quotas, Compute; or `az quota "
            "update`), or lower the pools' `max`, or choose a size of another family.",
        )
        for name, need in needs.items()
        if need > 0 and name in quotas and quotas[name].used + need > quotas[name].limit
    )
