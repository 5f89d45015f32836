"""What stands around the pods: Services, nodes, budgets, scalers, and the watches themselves."""

import asyncio
from collections.abc import Callable
from typing import Any

from sandbox.cluster.controllers import Controllers

Manifest = dict[str, Any]
Build = Callable[..., Manifest]

DEMO = "/api/v1/namespaces/demo"


def web(demo: Build, replicas: int = 2, **container: Any) -> Manifest:
    main = {"name": "main", "image": "nginx", "ports": [{"name": "http", "containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [main | container]}}
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": replicas, "selector": selector, "template": template}
    return demo("Deployment", "web", "apps/v1", spec=spec)


def service(demo: Build, **spec: Any) -> Manifest:
    whole = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}
    return demo("Service", "web", spec=whole | spec)


def subset(live: Any) -> Manifest:
    found: list[Manifest] = live.get(f"{DEMO}/endpoints/web").get("subsets") or [{}]
    return found[0]


def ready(live: Any) -> int:
    found = live.get("/apis/apps/v1/namespaces/demo/deployments/web").get("status") or {}
    return int(found.get("readyReplicas", 0))


def test_ready_pods_stand_behind_their_service(live: Any, demo: Build) -> None:
    live.create(service(demo), web(demo))

    found = live.until(lambda: len(subset(live).get("addresses", [])) == 2 and subset(live))

    addresses = {pod["status"]["podIP"] for pod in live.items(f"{DEMO}/pods")}
    assert {item["ip"] for item in found["addresses"]} == addresses
    assert found["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_endpoint_slices_say_the_same(live: Any, demo: Build) -> None:
    live.create(service(demo), web(demo))
    path = "/apis/discovery.k8s.io/v1/namespaces/demo/endpointslices"

    live.until(lambda: len((live.items(path) or [{}])[0].get("endpoints") or []) == 2)

    found = live.items(path)[0]
    assert found["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
    live.until(lambda: all(e["conditions"]["ready"] for e in live.items(path)[0]["endpoints"]))


def test_unready_pods_are_listed_apart(live: Any, demo: Build) -> None:
    env = [{"name": "JCLOUDS_PROVIDER", "value": "azureblob"}]
    probe = {"httpGet": {"path": "/healthz", "port": 80}}
    sick = {"image": "andrewgaul/s3proxy:s3proxy-4.0.0", "env": env, "readinessProbe": probe}

    live.create(service(demo), web(demo, 1, **sick))

    found = live.until(lambda: subset(live).get("notReadyAddresses") and subset(live))
    assert "addresses" not in found


def test_a_service_without_pods_has_no_addresses_any_more(live: Any, demo: Build) -> None:
    live.create(service(demo), web(demo))
    live.until(lambda: subset(live).get("addresses"))

    live.patch("/apis/apps/v1/namespaces/demo/deployments/web", {"spec": {"replicas": 0}})

    live.until(lambda: subset(live) == {})


def test_a_load_balancer_gets_an_address(live: Any, demo: Build) -> None:
    internal = {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}
    private = service(demo, type="LoadBalancer")
    private["metadata"]["annotations"] = internal

    live.create(private)

    status = live.until(
        lambda: live.get(f"{DEMO}/services/web").get("status", {}).get("loadBalancer")
    )
    assert status["ingress"][0]["ip"].startswith("10.224.")


def test_two_nodes_are_ready(live: Any) -> None:
    nodes = live.items("/api/v1/nodes")

    last = [node["status"]["conditions"][-1] for node in nodes]
    assert [(item["type"], item["status"]) for item in last] == [("Ready", "True")] * 2


def test_a_new_namespace_is_furnished(live: Any) -> None:
    live.namespace("fresh")

    live.until(
        lambda: (
            live.get("/api/v1/namespaces/fresh/serviceaccounts/default").get("kind")
            and live.get("/api/v1/namespaces/fresh/configmaps/kube-root-ca.crt").get("data")
        )
    )


def test_a_disruption_budget_counts_healthy_pods(live: Any, demo: Build) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    live.create(web(demo), demo("PodDisruptionBudget", "web", "policy/v1", spec=spec))
    path = "/apis/policy/v1/namespaces/demo/poddisruptionbudgets/web"

    found = live.until(
        lambda: live.get(path).get("status", {}).get("currentHealthy") == 2 and live.get(path)
    )["status"]

    assert (found["desiredHealthy"], found["disruptionsAllowed"]) == (1, 1)


def test_an_autoscaler_keeps_its_minimum(live: Any, demo: Build) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 5}

    live.create(web(demo), demo("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=spec))

    live.until(lambda: ready(live) == 3)


def test_an_orphan_stays_without_its_owner(live: Any, demo: Build) -> None:
    live.create(web(demo, 1))
    live.until(lambda: ready(live) == 1)

    live.delete("/apis/apps/v1/namespaces/demo/deployments/web", propagationPolicy="Orphan")

    sets = "/apis/apps/v1/namespaces/demo/replicasets"
    live.until(lambda: not live.items("/apis/apps/v1/namespaces/demo/deployments"))
    live.until(lambda: not live.items(sets)[0]["metadata"].get("ownerReferences"))
    assert len(live.items(f"{DEMO}/pods")) == 1


def test_an_object_whose_owner_never_existed_is_collected(live: Any, demo: Build) -> None:
    ghost = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "ghost", "uid": "none"}

    live.create(demo("ConfigMap", "lost", metadata={"ownerReferences": [ghost]}))

    live.until(lambda: live.get(f"{DEMO}/configmaps/lost").get("code") == 404)


def test_controllers_go_on_after_the_server_was_away(live: Any, demo: Build) -> None:
    cluster = live.cluster

    async def restart() -> None:
        cluster._server.should_exit = True
        await cluster._serving
        config = cluster._server.config
        cluster._server = type(cluster._server)(config)
        cluster._serving = asyncio.create_task(cluster._server.serve())

    live.do(restart())
    live.create(web(demo))

    live.until(lambda: ready(live) == 2)


def test_new_controllers_take_over_what_runs(live: Any, demo: Build) -> None:
    live.create(service(demo), web(demo))
    live.until(lambda: len(subset(live).get("addresses", [])) == 2)
    cluster = live.cluster

    async def replace() -> None:
        await cluster._controllers.stop()
        cluster._controllers = Controllers(cluster.settings, cluster._client, cluster._world)
        await cluster._controllers.start()

    before = subset(live)
    live.do(replace())
    live.patch("/apis/apps/v1/namespaces/demo/deployments/web", {"spec": {"replicas": 3}})

    live.until(lambda: ready(live) == 3)
    kept = {item["ip"] for item in before["addresses"]}
    live.until(lambda: kept < {item["ip"] for item in subset(live)["addresses"]})
