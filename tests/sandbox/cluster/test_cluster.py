"""A whole cluster: API and controllers together, through its socket."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import trustme
import yaml

from sandbox.cluster import Cluster, Settings
from sandbox.latency import Latency

RBAC = "rbac.authorization.k8s.io"
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "nginx:1"}]},
        },
    },
}


def settings(folder: Path) -> Settings:
    trustme.CA().cert_pem.write_to_path(str(folder / "ca.pem"))
    return Settings(
        name="test-aks",
        fqdn="test.privatelink.westeurope.azmk8s.io",
        issuer="https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
        socket=folder / "api.sock",
        state=folder / "state",
        latency=Latency(),
        proxy="http://network:token@127.0.0.1:1",
        ca=folder / "ca.pem",
        authorize=lambda *_: False,
    )


def running(folder: Path, use: Callable[[Cluster, httpx.AsyncClient], Awaitable[None]]) -> None:
    """Start a cluster, use it through its socket, stop it."""

    async def run() -> None:
        cluster = Cluster(settings(folder))
        await cluster.start()
        try:
            async with httpx.AsyncClient(
                transport=httpx.AsyncHTTPTransport(uds=str(cluster.settings.socket)),
                base_url="http://kubernetes",
                headers={"Authorization": f"Bearer {cluster.admin_token()}"},
            ) as client:
                await use(cluster, client)
        finally:
            await cluster.stop()

    asyncio.run(run())


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await question():  # noqa: ASYNC110 (the server is asked, as any client would)
            await asyncio.sleep(0.02)


def test_a_deployment_comes_alive_and_its_namespace_can_be_emptied(tmp_path: Path) -> None:
    async def use(_: Cluster, client: httpx.AsyncClient) -> None:
        root = "/apis/apps/v1/namespaces/shop/deployments"
        await client.post("/api/v1/namespaces", json={"metadata": {"name": "shop"}})
        (await client.post(root, json=DEPLOYMENT)).raise_for_status()

        async def available() -> bool:
            found = (await client.get(f"{root}/web")).json()
            return bool(found.get("status", {}).get("availableReplicas") == 2)

        async def gone() -> bool:
            return (await client.get("/api/v1/namespaces/shop")).status_code == 404

        await until(available)
        await client.delete("/api/v1/namespaces/shop")
        await until(gone)

    running(tmp_path, use)


def test_a_kubeconfig_leads_through_the_proxy_to_the_private_server(tmp_path: Path) -> None:
    cluster = Cluster(settings(tmp_path))

    document = yaml.safe_load(cluster.kubeconfig("secret", "http://net:key@127.0.0.1:9"))

    server = document["clusters"][0]["cluster"]
    assert server["server"] == "https://test.privatelink.westeurope.azmk8s.io:443"
    assert server["proxy-url"] == "http://net:key@127.0.0.1:9"
    authority = base64.b64decode(server["certificate-authority-data"])
    assert authority == (tmp_path / "ca.pem").read_bytes()
    assert document["users"][0]["user"] == {"token": "secret"}


def test_a_cluster_stops_while_watches_are_open_and_leaves_no_socket(tmp_path: Path) -> None:
    async def use(cluster: Cluster, client: httpx.AsyncClient) -> None:
        async with client.stream("GET", "/api/v1/pods?watch=1") as answer:
            await cluster.stop()
            lines = [line async for line in answer.aiter_lines()]

        assert lines == []
        assert not cluster.settings.socket.exists()

    running(tmp_path, use)


def test_a_cluster_that_does_not_run_answers_nobody(tmp_path: Path) -> None:
    cluster = Cluster(settings(tmp_path))

    response = asyncio.run(cluster.answer(None))  # type: ignore[arg-type]  # Nothing reads it.

    assert response.status_code == 503


def test_objects_with_spaces_in_their_names_survive_a_restart(tmp_path: Path) -> None:
    kept: list[dict[str, Any]] = []
    role = {"metadata": {"name": "my own role"}, "rules": []}

    async def use(cluster: Cluster, client: httpx.AsyncClient) -> None:
        path = f"/apis/{RBAC}/v1/clusterroles"
        (await client.post(path, json=role)).raise_for_status()
        kept.extend(part.dump() for part in cluster.parts("test"))

    running(tmp_path, use)
    again = Cluster(settings(tmp_path))
    for part, members in zip(again.parts("test"), kept, strict=True):
        part.load(members)

    names = [one["metadata"]["name"] for one in again.objects("clusterroles", RBAC)]
    assert "my own role" in names
