"""What a region offers of machines, and how many cores of it the subscription may have."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ArmError
from sandbox.regions import REGIONS
from sandbox.store import Store

SPACE = "/subscriptions/{subscription}/providers/Microsoft.Compute"
POOLS = "Microsoft.ContainerService/managedClusters/agentPools"
LIMITS = {"cores": 200, "family": 100}  # Of a subscription that has asked for more once.
FILTER = re.compile(r"^\s*location\s+eq\s+'([^']+)'\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Size:
    """One kind of machine."""

    name: str
    family: str
    cores: int
    memory: int


@dataclass(frozen=True)
class Family:
    """Kinds of machines that share a quota."""

    name: str
    display: str
    sizes: tuple[Size, ...]


def load() -> tuple[Family, ...]:
    entries = yaml.safe_load(Path(__file__).with_name("sizes.yaml").read_text())
    return tuple(
        Family(
            entry["family"],
            entry["display"],
            tuple(
                Size(
                    entry["size"].format(cores=cores),
                    entry["family"],
                    cores,
                    cores * entry["memory"],
                )
                for cores in entry["cores"]
            ),
        )
        for entry in entries
    )


FAMILIES = load()
SIZES = {size.name.lower(): size for family in FAMILIES for size in family.sizes}


def offered(size: Size, region: str) -> dict[str, Any]:
    """One entry of the list of SKUs, with its zones there."""
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.removeprefix("Standard_"),
        "family": size.family,
        "locations": [region],
        "locationInfo": [
            {"location": region, "zones": list(REGIONS[region].zones), "zoneDetails": []}
        ],
        "capabilities": [
            {"name": "vCPUs", "value": str(size.cores)},
            {"name": "MemoryGB", "value": str(size.memory)},
            {"name": "PremiumIO", "value": "True"},
        ],
        "restrictions": [],
    }


def used(store: Store, region: str) -> dict[str, int]:
    """Cores at work in a region, by family: those of the nodes of clusters."""
    found = dict.fromkeys((family.name for family in FAMILIES), 0)
    for pool in store.all(POOLS):
        cluster = store.find(pool.id.parent)
        size = SIZES.get(str(pool.properties.get("vmSize", "")).lower())
        if size and cluster and cluster.location == region:
            found[size.family] += size.cores * int(pool.properties.get("count") or 0)
    return found


def usage(name: str, display: str, current: int, limit: int) -> dict[str, Any]:
    return {
        "name": {"value": name, "localizedValue": display},
        "currentValue": current,
        "limit": limit,
        "unit": "Count",
    }


def routes(store: Store) -> list[Route]:
    """What a client asks before it asks for machines."""

    async def skus(request: Request) -> Response:
        arm.check_version(request)
        text = request.query_params.get("$filter", "")
        wanted = FILTER.match(text)
        if text and not wanted:
            raise ArmError(400, "InvalidFilter", f"The filter '{text}' names no location.")
        regions = [wanted[1].lower().replace(" ", "")] if wanted else list(REGIONS)
        found = [
            offered(size, region)
            for region in regions
            if region in REGIONS
            for size in SIZES.values()
        ]
        return JSONResponse({"value": found})

    async def usages(request: Request) -> Response:
        arm.check_version(request)
        region = request.path_params["location"].lower().replace(" ", "")
        if region not in REGIONS:
            raise ArmError(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for location '{region}'.",
            )
        at_work = used(store, region)
        total = usage("cores", "Total Regional vCPUs", sum(at_work.values()), LIMITS["cores"])
        families = [
            usage(family.name, family.display, at_work[family.name], LIMITS["family"])
            for family in FAMILIES
        ]
        return JSONResponse({"value": [total, *families]})

    return [
        Route(f"{SPACE}/skus", skus, methods=["GET"]),
        Route(f"{SPACE}/locations/{{location}}/usages", usages, methods=["GET"]),
    ]
