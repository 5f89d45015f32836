"""What Kubernetes versions a region offers, and where one leads to."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import arm
from sandbox.arm import ResourceId
from sandbox.cloud.container_service import models, pools
from sandbox.store import Store

LOCATION = "/subscriptions/{subscription}/providers/Microsoft.ContainerService/locations/{location}"
CLUSTER = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{models.CLUSTERS}"


def upgrades(version: str) -> list[str]:
    """Newer patches of the same minor, and every patch of the next one; oldest first."""
    minor = version.rpartition(".")[0]
    following = f"1.{int(minor.partition('.')[2]) + 1}"
    same = [one for one in models.VERSIONS.get(minor, ()) if patch(one) > patch(version)]
    return [*reversed(same), *reversed(models.VERSIONS.get(following, ()))]


def patch(version: str) -> int:
    return int(version.rpartition(".")[2])


def profile(version: str) -> dict[str, Any]:
    return {
        "kubernetesVersion": version,
        "osType": "Linux",
        "upgrades": [{"kubernetesVersion": one} for one in upgrades(version)],
    }


async def kubernetes_versions(request: Request) -> Response:
    arm.check_version(request)
    values = [
        {
            "version": minor,
            "isDefault": minor == models.DEFAULT_VERSION,
            "capabilities": {"supportPlan": ["KubernetesOfficial"]},
            "patchVersions": {one: {"upgrades": upgrades(one)} for one in patches},
        }
        for minor, patches in models.VERSIONS.items()
    ]
    return JSONResponse({"values": values})


async def orchestrators(request: Request) -> Response:
    """The same knowledge in the form of 2019, which the Terraform provider still reads."""
    arm.check_version(request)
    found = [
        {"orchestratorType": "Kubernetes", "orchestratorVersion": one, "upgrades": []}
        for patches in models.VERSIONS.values()
        for one in patches
    ]
    return JSONResponse(
        {
            "id": request.scope["path"],
            "name": "default",
            "type": "Microsoft.ContainerService/locations/orchestrators",
            "properties": {"orchestrators": found},
        }
    )


def routes(store: Store) -> list[Route]:
    """Everything about versions; the profiles tell what a cluster or pool can become."""

    async def of_cluster(request: Request) -> Response:
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rsplit("/", 2)[0]
        cluster = store.get(ResourceId.parse(path, models.CLUSTERS))
        current = cluster.properties["currentKubernetesVersion"]
        held = [
            {"name": pool.name} | profile(pool.properties["currentOrchestratorVersion"])
            for pool in store.below(cluster.id, pools.POOLS)
        ]
        properties = {"controlPlaneProfile": profile(current), "agentPoolProfiles": held}
        return JSONResponse(described(request, models.CLUSTERS, properties))

    async def of_pool(request: Request) -> Response:
        arm.check_version(request)
        path = request.scope["path"].rstrip("/").rsplit("/", 2)[0]
        pool = store.get(ResourceId.parse(path, pools.POOLS))
        current = pool.properties["currentOrchestratorVersion"]
        latest = {"latestNodeImageVersion": pool.properties["nodeImageVersion"]}
        return JSONResponse(described(request, pools.POOLS, profile(current) | latest))

    upgrade = "upgradeProfiles/default"
    return [
        Route(f"{LOCATION}/kubernetesVersions", kubernetes_versions, methods=["GET"]),
        Route(f"{LOCATION}/orchestrators", orchestrators, methods=["GET"]),
        Route(f"{CLUSTER}/{{name}}/{upgrade}", of_cluster, methods=["GET"]),
        Route(f"{CLUSTER}/{{name}}/agentPools/{{pool}}/{upgrade}", of_pool, methods=["GET"]),
    ]


def described(request: Request, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    path = request.scope["path"]
    return {
        "id": path,
        "name": "default",
        "type": f"{kind}/upgradeProfiles",
        "properties": properties,
    }
