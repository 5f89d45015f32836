"""Who makes pods: Deployments, StatefulSets, DaemonSets and Jobs."""

from typing import Any

import pytest

Manifest = dict[str, Any]

DEPLOYMENTS = "/apis/apps/v1/namespaces/demo/deployments"
REPLICA_SETS = "/apis/apps/v1/namespaces/demo/replicasets"
PODS = "/api/v1/namespaces/demo/pods"


def template(name: str, image: str = "nginx", **pod: Any) -> Manifest:
    container = {"name": "main", "image": image, "ports": [{"containerPort": 80}]}
    return {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container | pod.pop("container", {})]} | pod,
    }


def workload(kind: str, name: str, image: str = "nginx", **spec: Any) -> Manifest:
    pod = spec.pop("pod", {})
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, image, **pod),
        }
        | spec,
    }


def job(name: str, *, code: int = 0, **spec: Any) -> Manifest:
    shell = {"command": ["sh", "-c", f"echo out; exit {code}"]}
    pod = template(name, "busybox:1.37", container=shell, restartPolicy="Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "demo"},
        "spec": {"template": pod} | spec,
    }


def conditions(manifest: Manifest) -> dict[str, tuple[str, str]]:
    found = (manifest.get("status") or {}).get("conditions") or []
    return {item["type"]: (item["status"], item["reason"]) for item in found}


def rolled_out(live: Any, name: str) -> Manifest | None:
    found: Manifest = live.get(f"{DEPLOYMENTS}/{name}")
    status = found.get("status") or {}
    wanted = found["spec"]["replicas"]
    counts = [status.get(field) for field in ("replicas", "updatedReplicas", "availableReplicas")]
    is_current = status.get("observedGeneration") == found["metadata"]["generation"]
    return found if is_current and counts == [wanted] * 3 else None


def test_six_deployments_become_ready_side_by_side(live: Any) -> None:
    for number in range(6):
        live.create(workload("Deployment", f"web-{number}", replicas=1))
    for number in range(6):
        live.until(lambda name=f"web-{number}": rolled_out(live, name))


def test_a_ready_deployment_says_so_in_the_words_of_kubernetes(live: Any) -> None:
    live.create(workload("Deployment", "web", replicas=2))

    found = live.until(lambda: rolled_out(live, "web"))

    assert conditions(found) == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }
    assert found["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"


def test_a_rollout_replaces_all_pods_and_never_has_too_few_or_too_many(slow: Any) -> None:
    slow.create(workload("Deployment", "web", replicas=3))
    slow.until(lambda: rolled_out(slow, "web"))
    seen = []

    def observed() -> Manifest | None:
        status = slow.get(f"{DEPLOYMENTS}/web")["status"]
        seen.append((status["replicas"], status["availableReplicas"]))
        return rolled_out(slow, "web")

    change = {"spec": {"template": template("web", "nginx:2")}}
    slow.patch(f"{DEPLOYMENTS}/web", change)
    slow.until(observed)

    assert {pod["spec"]["containers"][0]["image"] for pod in slow.items(PODS)} == {"nginx:2"}
    assert max(total for total, _ in seen) == 4
    assert min(alive for _, alive in seen) == 3


def test_a_rollout_that_cannot_start_leaves_the_old_pods_alone(live: Any) -> None:
    live.create(workload("Deployment", "web", replicas=1))
    live.until(lambda: rolled_out(live, "web"))

    live.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": template("web", "does-not-exist")}})

    live.until(lambda: len(live.items(PODS)) == 2)
    reasons = live.until(lambda: waiting_reasons(live))
    found = live.get(f"{DEPLOYMENTS}/web")
    assert reasons == {"ImagePullBackOff"}
    assert conditions(found)["Progressing"] == ("True", "ReplicaSetUpdated")
    assert found["status"]["availableReplicas"] == 1


def waiting_reasons(live: Any) -> set[str]:
    states = [
        item["state"]
        for pod in live.items(PODS)
        for item in (pod["status"].get("containerStatuses") or [])
    ]
    return {state["waiting"]["reason"] for state in states if "waiting" in state}


def test_an_undo_brings_the_old_set_back_with_a_higher_revision(live: Any) -> None:
    live.create(workload("Deployment", "web", replicas=1))
    live.until(lambda: rolled_out(live, "web"))
    first = live.items(REPLICA_SETS)[0]["metadata"]["name"]

    live.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": template("web", "nginx:2")}})
    live.until(lambda: rolled_out(live, "web"))
    live.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": template("web", "nginx")}})
    live.until(lambda: rolled_out(live, "web"))

    revisions = {
        item["metadata"]["name"]: item["metadata"]["annotations"][
            "deployment.kubernetes.io/revision"
        ]
        for item in live.items(REPLICA_SETS)
    }
    assert revisions[first] == "3"
    assert len(revisions) == 2


def test_recreate_ends_all_old_pods_before_it_starts_new_ones(slow: Any) -> None:
    slow.create(workload("Deployment", "web", replicas=2, strategy={"type": "Recreate"}))
    slow.until(lambda: rolled_out(slow, "web"))
    images = set()

    def observed() -> Manifest | None:
        images.add(frozenset(p["spec"]["containers"][0]["image"] for p in slow.items(PODS)))
        return rolled_out(slow, "web")

    slow.patch(f"{DEPLOYMENTS}/web", {"spec": {"template": template("web", "nginx:2")}})
    slow.until(observed)

    assert frozenset({"nginx", "nginx:2"}) not in images


def test_a_deployment_that_misses_its_deadline_says_so(slow: Any) -> None:
    slow.create(workload("Deployment", "web", "does-not-exist", progressDeadlineSeconds=20))

    found = slow.until(
        lambda: (
            conditions(slow.get(f"{DEPLOYMENTS}/web")).get("Progressing", ("True",))[0] == "False"
            and slow.get(f"{DEPLOYMENTS}/web")
        )
    )

    assert conditions(found)["Progressing"] == ("False", "ProgressDeadlineExceeded")


def test_a_lost_pod_is_replaced(live: Any) -> None:
    live.create(workload("Deployment", "web", replicas=1))
    live.until(lambda: rolled_out(live, "web"))
    lost = live.items(PODS)[0]["metadata"]["name"]

    live.delete(f"{PODS}/{lost}")

    live.until(lambda: [p for p in live.items(PODS) if p["metadata"]["name"] != lost])
    live.until(lambda: rolled_out(live, "web"))


def test_a_stateful_set_names_its_pods_and_gives_each_a_disk(live: Any) -> None:
    disk = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    claims = [{"metadata": {"name": "data"}, "spec": disk}]

    live.create(
        workload("StatefulSet", "db", replicas=2, serviceName="db", volumeClaimTemplates=claims)
    )

    path = "/apis/apps/v1/namespaces/demo/statefulsets/db"
    status = live.until(
        lambda: live.get(path).get("status", {}).get("readyReplicas") == 2 and live.get(path)
    )["status"]
    made = live.items("/api/v1/namespaces/demo/persistentvolumeclaims")
    assert [pod["metadata"]["name"] for pod in live.items(PODS)] == ["db-0", "db-1"]
    assert status["currentRevision"] == status["updateRevision"]
    assert {item["metadata"]["name"] for item in made} == {"data-db-0", "data-db-1"}
    live.until(
        lambda: all(
            item["status"].get("phase") == "Bound"
            for item in live.items("/api/v1/namespaces/demo/persistentvolumeclaims")
        )
    )


def test_a_stateful_set_renews_its_pods_one_by_one(live: Any) -> None:
    live.create(workload("StatefulSet", "db", replicas=2, serviceName="db"))
    path = "/apis/apps/v1/namespaces/demo/statefulsets/db"
    live.until(lambda: live.get(path).get("status", {}).get("readyReplicas") == 2)

    live.patch(path, {"spec": {"template": template("db", "nginx:2")}})

    def renewed() -> bool:
        images = [pod["spec"]["containers"][0]["image"] for pod in live.items(PODS)]
        status = live.get(path)["status"]
        settled = status["currentRevision"] == status["updateRevision"]
        return images == ["nginx:2", "nginx:2"] and status["readyReplicas"] == 2 and settled

    live.until(renewed)


def test_a_daemon_set_has_a_pod_on_each_node(live: Any) -> None:
    live.create(workload("DaemonSet", "agent"))

    path = "/apis/apps/v1/namespaces/demo/daemonsets/agent"
    live.until(lambda: live.get(path).get("status", {}).get("numberReady") == 2)

    nodes = {pod["spec"]["nodeName"] for pod in live.items(PODS)}
    assert len(nodes) == 2


def job_of(live: Any, name: str) -> Manifest:
    found: Manifest = live.get(f"/apis/batch/v1/namespaces/demo/jobs/{name}")
    return found


def test_a_job_completes_when_its_command_does(live: Any) -> None:
    live.create(job("once"))

    found = live.until(
        lambda: "Complete" in conditions(job_of(live, "once")) and job_of(live, "once")
    )

    assert found["status"]["succeeded"] == 1
    assert found["status"]["completionTime"]
    assert conditions(found) == {
        "SuccessCriteriaMet": ("True", "CompletionsReached"),
        "Complete": ("True", "CompletionsReached"),
    }


def test_a_job_fails_when_its_patience_is_over(live: Any) -> None:
    live.create(job("never", code=3, backoffLimit=1))

    found = live.until(
        lambda: "Failed" in conditions(job_of(live, "never")) and job_of(live, "never")
    )

    assert conditions(found)["Failed"] == ("True", "BackoffLimitExceeded")
    assert found["status"]["failed"] == 2
    codes = [
        pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"]
        for pod in live.items(PODS)
    ]
    assert codes == [3, 3]


def test_a_job_that_takes_too_long_is_ended(live: Any) -> None:
    stuck = job("stuck", activeDeadlineSeconds=1)
    stuck["spec"]["template"]["spec"]["containers"][0]["command"] = ["sleep", "60"]

    live.create(stuck)

    found = live.until(
        lambda: "Failed" in conditions(job_of(live, "stuck")) and job_of(live, "stuck")
    )
    assert conditions(found)["Failed"] == ("True", "DeadlineExceeded")


def test_a_finished_job_goes_when_its_time_is_over(live: Any) -> None:
    live.create(job("brief", ttlSecondsAfterFinished=5))

    live.until(lambda: job_of(live, "brief").get("code") == 404)


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_pods_go_with_their_deployment(live: Any, policy: str) -> None:
    live.create(workload("Deployment", "web", replicas=2))
    live.until(lambda: rolled_out(live, "web"))

    live.delete(f"{DEPLOYMENTS}/web", propagationPolicy=policy)

    live.until(lambda: not live.items(PODS) and not live.items(REPLICA_SETS))
    live.until(lambda: not live.items(DEPLOYMENTS))


def test_a_deleted_namespace_takes_everything_along(live: Any) -> None:
    live.create(workload("Deployment", "web", replicas=2))
    live.until(lambda: rolled_out(live, "web"))

    live.delete("/api/v1/namespaces/demo")

    live.until(lambda: live.get("/api/v1/namespaces/demo").get("code") == 404)
    assert live.items("/api/v1/pods") == []
