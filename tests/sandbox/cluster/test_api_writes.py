"""Creating, replacing and deleting: versions, generations, defaults, finalizers."""

from typing import Any

import pytest

from tests.sandbox.cluster.conftest import Kube

MERGE = {"Content-Type": "application/merge-patch+json"}


def config_map(name: str = "cfg", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, **fields}


def create(kube: Kube, plural: str, body: dict[str, Any], root: str = "/api/v1") -> dict[str, Any]:
    made = kube.http.post(kube.path(plural, root=root), json=body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def pod(name: str = "web", **spec: Any) -> dict[str, Any]:
    container = {"name": "web", "image": "nginx:1"}
    return {"metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def test_a_stale_version_is_refused(kube: Kube) -> None:
    first = create(kube, "configmaps", config_map(data={"a": "1"}))
    path = kube.path("configmaps", "cfg")
    kube.http.put(path, json={**first, "data": {"a": "2"}}).raise_for_status()

    refused = kube.http.put(path, json={**first, "data": {"a": "3"}})

    assert refused.status_code == 409
    assert refused.json()["message"].startswith(
        'Operation cannot be fulfilled on configmaps "cfg": the object has been modified'
    )


def test_the_generation_counts_changes_of_the_spec_only(kube: Kube) -> None:
    service = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    create(kube, "services", service)
    path = kube.path("services", "web")

    changes: tuple[dict[str, Any], ...] = (
        {"metadata": {"labels": {"a": "b"}}},
        {"status": {"loadBalancer": {}}},
        {"spec": {"type": "NodePort"}},
    )
    for change in changes:
        after = kube.http.patch(path, json=change, headers=MERGE).json()

    assert after["metadata"]["generation"] == 2


def test_a_status_write_changes_the_status_alone(kube: Kube) -> None:
    create(kube, "pods", pod())
    body = {"metadata": {"labels": {"a": "b"}}, "status": {"phase": "Running"}}

    path = kube.path("pods", "web")
    after = kube.http.patch(f"{path}/status", json=body, headers=MERGE).json()
    ignored = kube.http.patch(path, json={"status": {"phase": "Failed"}}, headers=MERGE).json()

    assert (after["status"]["phase"], after["metadata"].get("labels")) == ("Running", None)
    assert ignored["status"]["phase"] == "Running"


def test_a_dry_run_answers_as_if_and_stores_nothing(kube: Kube) -> None:
    path = kube.path("configmaps")

    answer = kube.http.post(path, json=config_map(), params={"dryRun": "All"})

    assert (answer.status_code, answer.json()["kind"]) == (201, "ConfigMap")
    assert kube.http.get(f"{path}/cfg").status_code == 404


def test_string_data_of_a_secret_is_encoded_and_forgotten(kube: Kube) -> None:
    body = {"metadata": {"name": "keys"}, "stringData": {"a": "b"}, "data": {"c": "ZA=="}}

    secret = create(kube, "secrets", body)

    assert (secret["data"], secret["type"]) == ({"a": "Yg==", "c": "ZA=="}, "Opaque")
    assert "stringData" not in secret


def test_a_generated_name_extends_its_prefix(kube: Kube) -> None:
    names = {
        create(kube, "configmaps", {"metadata": {"generateName": "cfg-"}})["metadata"]["name"]
        for _ in range(3)
    }

    assert len(names) == 3
    assert all(len(name) == 9 and name.startswith("cfg-") for name in names)


def test_what_the_server_owns_survives_a_replacement(kube: Kube) -> None:
    made = create(kube, "configmaps", config_map())
    sent = config_map(data={"a": "1"})

    after = kube.http.put(kube.path("configmaps", "cfg"), json=sent).json()

    kept = ("uid", "creationTimestamp", "namespace")
    assert [after["metadata"][key] for key in kept] == [made["metadata"][key] for key in kept]


def test_an_object_with_finalizers_stays_until_the_last_is_gone(kube: Kube) -> None:
    body = config_map()
    body["metadata"]["finalizers"] = ["example.com/hold"]
    create(kube, "configmaps", body)
    path = kube.path("configmaps", "cfg")

    held = kube.http.delete(path).json()
    there = kube.http.get(path).status_code
    kube.http.patch(path, json={"metadata": {"finalizers": None}}, headers=MERGE)

    assert held["metadata"]["deletionTimestamp"]
    assert (there, kube.http.get(path).status_code) == (200, 404)


def test_foreground_deletion_waits_for_the_garbage_collector(kube: Kube) -> None:
    create(kube, "configmaps", config_map())
    path = kube.path("configmaps", "cfg")

    held = kube.http.request("DELETE", path, json={"propagationPolicy": "Foreground"}).json()

    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]


def test_a_deletion_meant_for_another_object_is_refused(kube: Kube) -> None:
    create(kube, "configmaps", config_map())

    refused = kube.http.request(
        "DELETE", kube.path("configmaps", "cfg"), json={"preconditions": {"uid": "other"}}
    )

    assert refused.status_code == 409
    assert "UID in precondition: other" in refused.json()["message"]


def test_a_pod_on_a_node_is_left_to_its_kubelet_and_others_go_at_once(kube: Kube) -> None:
    create(kube, "pods", pod("placed", nodeName="node-1", terminationGracePeriodSeconds=7))
    create(kube, "pods", pod("waiting"))

    placed = kube.http.delete(kube.path("pods", "placed")).json()
    waiting = kube.http.delete(kube.path("pods", "waiting")).json()
    killed = kube.http.request(
        "DELETE", kube.path("pods", "placed"), json={"gracePeriodSeconds": 0}
    ).json()

    assert placed["metadata"]["deletionGracePeriodSeconds"] == 7
    assert (waiting["status"], killed["status"]) == ("Success", "Success")


def test_a_namespace_that_ends_takes_nothing_new_and_goes_when_finalized(kube: Kube) -> None:
    path = f"/api/v1/namespaces/{kube.namespace}"

    ending = kube.http.delete(path).json()
    refused = kube.http.post(kube.path("configmaps"), json=config_map())
    kube.http.put(f"{path}/finalize", json={**ending, "spec": {"finalizers": []}})

    assert ending["status"]["phase"] == "Terminating"
    assert refused.status_code == 403
    assert refused.json()["message"].endswith("because it is being terminated")
    assert kube.http.get(path).status_code == 404


def test_a_collection_is_deleted_by_selector(kube: Kube) -> None:
    for name, tier in (("one", "front"), ("two", "back")):
        body = config_map(name)
        body["metadata"]["labels"] = {"tier": tier}
        create(kube, "configmaps", body)

    kube.http.delete(kube.path("configmaps"), params={"labelSelector": "tier=front"})

    left = kube.http.get(kube.path("configmaps")).json()["items"]
    assert [each["metadata"]["name"] for each in left] == ["two"]


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/api/v1/namespaces/nowhere/configmaps", 404, 'namespaces "nowhere" not found'),
        ("/api/v1/namespaces/default/wonders", 404, "could not find the requested resource"),
        ("/apis/apps/v9/deployments", 404, "could not find the requested resource"),
        ("/api/v1/configmaps", 405, "does not allow this method"),
    ],
)
def test_a_create_in_the_wrong_place_is_refused(
    kube: Kube, path: str, code: int, message: str
) -> None:
    refused = kube.http.post(path, json=config_map())

    assert (refused.status_code, refused.json()["code"]) == (code, code)
    assert message in refused.json()["message"]


def test_a_service_gets_an_address_and_keeps_it(kube: Kube) -> None:
    body = {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    made = create(kube, "services", body)

    after = kube.http.put(kube.path("services", "web"), json=body).json()

    assert made["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    assert after["spec"]["clusterIP"] == made["spec"]["clusterIP"]


def test_an_eviction_respects_the_disruption_budget(kube: Kube) -> None:
    body = pod()
    body["metadata"]["labels"] = {"app": "web"}
    create(kube, "pods", body)
    budget = {
        "metadata": {"name": "web"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    create(kube, "poddisruptionbudgets", budget, "/apis/policy/v1")
    path = kube.path("poddisruptionbudgets", "web", "/apis/policy/v1")
    status = {"status": {"disruptionsAllowed": 0}}
    kube.http.patch(f"{path}/status", json=status, headers=MERGE).raise_for_status()

    refused = kube.http.post(kube.path("pods", "web") + "/eviction", json={})

    assert (refused.status_code, refused.json()["reason"]) == (429, "TooManyRequests")


def test_the_log_of_a_container_is_what_the_kubelet_wrote(kube: Kube) -> None:
    made = create(kube, "pods", pod())
    path = kube.path("pods", "web") + "/log"
    early = kube.http.get(path)
    log = kube.settings.log(kube.namespace, "web", made["metadata"]["uid"], "web")
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\n")

    assert early.status_code == 400
    assert 'container "web" in pod "web" is waiting to start' in early.json()["message"]
    assert kube.http.get(path).text == "one\ntwo\n"
    assert kube.http.get(path, params={"tailLines": "1"}).text == "two\n"


def test_a_body_that_names_another_place_is_refused(kube: Kube) -> None:
    body = config_map()
    body["metadata"]["namespace"] = "elsewhere"
    create(kube, "configmaps", config_map())

    posted = kube.http.post(kube.path("configmaps"), json=body)
    renamed = kube.http.put(kube.path("configmaps", "cfg"), json=config_map("other"))

    assert (posted.status_code, renamed.status_code) == (400, 400)
    assert "does not match the namespace sent on the request" in posted.json()["message"]
    assert renamed.json()["message"] == (
        "the name of the object (other) does not match the name on the URL (cfg)"
    )


def test_what_only_running_containers_could_do_says_that_it_is_not_simulated(kube: Kube) -> None:
    create(kube, "pods", pod())

    refused = kube.http.post(kube.path("pods", "web") + "/exec", params={"command": "sh"})

    assert (refused.status_code, refused.json()["reason"]) == (501, "NotImplemented")
    assert "pods/exec is not simulated" in refused.json()["message"]


def test_following_a_log_ends_with_its_pod(kube: Kube) -> None:
    made = create(kube, "pods", pod())
    log = kube.settings.log(kube.namespace, "web", made["metadata"]["uid"], "web")
    log.parent.mkdir(parents=True)
    log.write_text("one\n")
    path = kube.path("pods", "web")

    with kube.http.stream("GET", f"{path}/log", params={"follow": "true"}) as answer:
        lines = answer.iter_lines()
        first = next(lines)
        with log.open("a") as more:
            more.write("two\n")
        status = {"status": {"phase": "Succeeded"}}
        kube.http.patch(f"{path}/status", json=status, headers=MERGE).raise_for_status()
        rest = list(lines)

    assert (first, rest) == ("one", ["two"])


def test_a_date_in_yaml_stays_the_text_that_it_was(kube: Kube) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata: {day: 2026-07-01}\n"

    made = kube.http.patch(
        kube.path("configmaps", "cfg"),
        content=text,
        params={"fieldManager": "test"},
        headers={"Content-Type": "application/apply-patch+yaml"},
    )

    assert made.json()["data"] == {"day": "2026-07-01"}
