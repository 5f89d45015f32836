"""What a region offers of flexible servers, as `az` asks before it creates one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.cloud.postgresql import models
from sandbox.regions import REGIONS
from sandbox.store import Store

SPACE = "/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL"
TIERS = {  # The default comes first; each size with its cores.
    "Burstable": {"Standard_B1ms": 1, "Standard_B2s": 2, "Standard_B2ms": 2, "Standard_B4ms": 4},
    "GeneralPurpose": {
        "Standard_D2ds_v5": 2,
        "Standard_D4ds_v5": 4,
        "Standard_D8ds_v5": 8,
        "Standard_D16ds_v5": 16,
        "Standard_D2s_v3": 2,
        "Standard_D4s_v3": 4,
    },
    "MemoryOptimized": {"Standard_E2ds_v5": 2, "Standard_E4ds_v5": 4, "Standard_E8ds_v5": 8},
}
MEMORY = {"Burstable": 2048, "GeneralPurpose": 4096, "MemoryOptimized": 8192}  # MB for each core.


def capabilities(location: str) -> dict[str, Any]:
    """One entry: the same is offered everywhere, but for the zones."""
    region = REGIONS.get(location.lower().replace(" ", ""))
    zones = list(region.zones) if region else []
    features = {
        "OfferRestricted": "Disabled",
        "ZoneRedundantHa": "Enabled" if zones else "Disabled",
        "GeoBackup": "Enabled",
    }
    return {
        "name": "FlexibleServerCapabilities",
        "supportedFeatures": [{"name": name, "status": features[name]} for name in features],
        "supportedServerEditions": [edition(tier, zones) for tier in TIERS],
        "supportedServerVersions": [version(name) for name in models.VERSIONS],
    }


def edition(tier: str, zones: list[str]) -> dict[str, Any]:
    modes = ["SameZone", *(["ZoneRedundant"] if zones else [])]
    return {
        "name": tier,
        "defaultSkuName": next(iter(TIERS[tier])),
        "supportedStorageEditions": [storage()],
        "supportedServerSkus": [
            {
                "name": name,
                "vCores": cores,
                "supportedIops": 320 * cores,
                "supportedMemoryPerVcoreMb": MEMORY[tier],
                "supportedZones": zones,
                "supportedHaMode": [] if tier == "Burstable" else modes,
            }
            for name, cores in TIERS[tier].items()
        ],
    }


def storage() -> dict[str, Any]:
    """A disk can be as quick as a larger one, and never slower than its size says."""
    names = list(models.DISKS)
    return {
        "name": "ManagedDisk",
        "defaultStorageSizeMb": models.SIZES[0] * 1024,
        "supportedStorageMb": [
            {
                "storageSizeMb": size * 1024,
                "supportedIops": models.DISKS[names[at]],
                "defaultIopsTier": names[at],
                "supportedIopsTiers": [
                    {"name": one, "iops": models.DISKS[one]} for one in names[at:]
                ],
            }
            for at, size in enumerate(models.SIZES)
        ],
    }


def version(name: str) -> dict[str, Any]:
    newer = [other for other in models.VERSIONS if int(other) > int(name)]
    return {"name": name, "supportedVersionsToUpgrade": newer}


def routes(store: Store) -> list[Route]:
    """What a client asks before it asks for a server."""

    async def of_region(request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse({"value": [capabilities(request.path_params["location"])]})

    async def of_server(request: Request) -> Response:
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rpartition("/")[0]
        server = store.get(arm.ResourceId.parse(path, models.SERVERS))
        return JSONResponse({"value": [capabilities(server.location)]})

    async def check_name(request: Request) -> Response:
        arm.check_version(request)
        body = await arm.read_object(request)
        name, kind = str(body.get("name") or ""), str(body.get("type") or "")
        taken = any(one.name.lower() == name.lower() for one in store.all(models.SERVERS))
        reason = "AlreadyExists" if taken else "" if models.NAME.match(name) else "Invalid"
        answer = {"name": name, "type": kind, "nameAvailable": not reason}
        if reason:
            answer |= {"reason": reason, "message": f"Specified server name '{name}': {reason}."}
        return JSONResponse(answer)

    async def zone_suffix(request: Request) -> Response:
        arm.check_version(request)
        return JSONResponse(f"private.{models.SUFFIX}")

    group = "/subscriptions/{subscription}/resourceGroups/{group}/providers"
    return [
        Route(f"{group}/{models.SERVERS}/{{name}}/capabilities", of_server, methods=["GET"]),
        Route(f"{SPACE}/locations/{{location}}/capabilities", of_region, methods=["GET"]),
        Route(f"{SPACE}/checkNameAvailability", check_name, methods=["POST"]),
        Route(
            f"{SPACE}/locations/{{location}}/checkNameAvailability", check_name, methods=["POST"]
        ),
        Route(
            "/providers/Microsoft.DBforPostgreSQL/getPrivateDnsZoneSuffix",
            zone_suffix,
            methods=["POST"],
        ),
    ]
