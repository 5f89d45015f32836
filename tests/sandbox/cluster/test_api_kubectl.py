"""What people type: real kubectl against the API, as far as no controller is needed."""

import json
import subprocess
from typing import Any

from tests.sandbox.cluster.conftest import Kube

WIDGETS: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.kubectl.example.com"},
    "spec": {
        "group": "kubectl.example.com",
        "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"]},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {"size": {"type": "integer"}},
                            },
                            "status": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            },
                        },
                    }
                },
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {
                        "name": "Ready",
                        "type": "string",
                        "jsonPath": '.status.conditions[?(@.type=="Ready")].status',
                    },
                ],
            }
        ],
    },
}


def deployment(image: str = "nginx:1", **spec: Any) -> dict[str, Any]:
    labels = {"app": "web"}
    container = {"name": "web", "image": image, "ports": [{"containerPort": 80}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def config_map(name: str = "cfg", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_deployment_made_by_hand_can_be_scaled_changed_and_deleted(kube: Kube) -> None:
    kube.kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=2")

    kube.kubectl("scale", "deployment/web", "--replicas=3")
    kube.kubectl("set", "image", "deployment/web", "nginx=nginx:2")
    kube.kubectl("set", "env", "deployment/web", "MODE=fast")
    kube.kubectl("rollout", "restart", "deployment/web")

    spec = kube.read("deployment", "web")["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (spec["replicas"], container["image"]) == (3, "nginx:2")
    assert container["env"] == [{"name": "MODE", "value": "fast"}]
    assert "kubectl.kubernetes.io/restartedAt" in spec["template"]["metadata"]["annotations"]
    assert "deleted" in kube.kubectl("delete", "deployment", "web")


def test_typed_commands_arrive_whole_through_protobuf(kube: Kube) -> None:
    kube.kubectl("create", "secret", "generic", "keys", "--from-literal=a=b")
    kube.kubectl("create", "job", "once", "--image=busybox", "--", "date")
    kube.kubectl("create", "ingress", "web", "--rule=shop.example.com/cart*=cart:8080")
    kube.kubectl("create", "quota", "small", "--hard=pods=2")
    kube.kubectl("create", "role", "reader", "--verb=get", "--resource=pods")

    ingress = kube.read("ingress", "web")["spec"]["rules"][0]
    assert kube.read("secret", "keys")["data"] == {"a": "Yg=="}
    assert ingress["http"]["paths"][0]["backend"]["service"] == {
        "name": "cart",
        "port": {"number": 8080},
    }
    job = kube.read("job", "once")["spec"]["template"]["spec"]
    assert (job["restartPolicy"], job["containers"][0]["command"]) == ("Never", ["date"])
    assert kube.read("quota", "small")["spec"]["hard"] == {"pods": "2"}
    assert kube.read("role", "reader")["rules"][0]["resources"] == ["pods"]


def test_applying_twice_says_unchanged_and_diff_finds_what_differs(kube: Kube) -> None:
    first = kube.kubectl("apply", "-f", "-", given=deployment())

    second = kube.kubectl("apply", "-f", "-", given=deployment())
    difference = kube.kubectl("diff", "-f", "-", given=deployment("nginx:2"), fails=True)
    third = kube.kubectl("apply", "-f", "-", given=deployment("nginx:2"))

    assert [text.split()[-1] for text in (first, second, third)] == [
        "created",
        "unchanged",
        "configured",
    ]
    assert "+      - image: nginx:2" in difference


def test_server_side_apply_reports_a_conflict_until_it_is_forced(kube: Kube) -> None:
    apply = ("apply", "--server-side", "-f", "-")
    kube.kubectl(*apply, "--field-manager=one", given=config_map(a="1"))

    refused = kube.kubectl(*apply, "--field-manager=two", given=config_map(a="2"), fails=True)
    kube.kubectl(*apply, "--field-manager=two", "--force-conflicts", given=config_map(a="2"))

    assert 'Apply failed with 1 conflict: conflict with "one": .data.a' in refused
    assert kube.read("configmap", "cfg")["data"] == {"a": "2"}


def test_an_object_applied_by_the_client_can_move_to_the_server(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=config_map(a="1", b="1"))

    kube.kubectl("apply", "--server-side", "-f", "-", given=config_map(a="2"))

    assert kube.read("configmap", "cfg")["data"] == {"a": "2"}


def test_labels_and_selectors_choose_what_get_shows(kube: Kube) -> None:
    for name in ("one", "two"):
        kube.kubectl("create", "configmap", name)
    kube.kubectl("label", "configmap", "one", "tier=front")
    kube.kubectl("annotate", "configmap", "two", "note=kept")

    by_label = kube.kubectl("get", "configmap", "-l", "tier in (front,back)", "-o", "name")
    by_field = kube.kubectl("get", "configmap", "--field-selector=metadata.name=two", "-o", "name")
    absent = kube.kubectl("get", "configmap", "-l", "!tier", "-o", "name")

    assert by_label.split() == ["configmap/one"]
    assert by_field.split() == absent.split() == ["configmap/two"]


def test_a_custom_resource_shows_its_columns_as_soon_as_it_is_defined(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=WIDGETS)
    kube.kubectl("wait", "--for=condition=Established", "crd/widgets.kubectl.example.com")
    widget = {
        "apiVersion": "kubectl.example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 3},
    }

    kube.kubectl("apply", "-f", "-", given=widget)
    status = json.dumps({"status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    kube.kubectl("patch", "wd", "w", "--subresource=status", "--type=merge", "-p", status)

    header, row = kube.kubectl("get", "wd").splitlines()
    assert header.split() == ["NAME", "SIZE", "READY"]
    assert row.split() == ["w", "3", "True"]


def test_waiting_for_a_deletion_and_for_a_field_ends(kube: Kube) -> None:
    kube.kubectl("create", "configmap", "cfg", "--from-literal=a=1")

    kube.kubectl("wait", "configmap/cfg", "--for=jsonpath={.data.a}=1", "--timeout=5s")
    kube.kubectl("delete", "configmap", "cfg", "--wait")
    gone = kube.kubectl("get", "configmap", "cfg", fails=True)

    assert 'Error from server (NotFound): configmaps "cfg" not found' in gone


def test_what_is_new_appears_in_a_running_watch(kube: Kube) -> None:
    command = ["kubectl", "-n", kube.namespace, "get", "configmap", "-w", "--output-watch-events"]
    with subprocess.Popen(
        command, env=kube.environment, stdout=subprocess.PIPE, text=True
    ) as watch:
        try:
            assert watch.stdout
            kube.http.post(kube.path("configmaps"), json=config_map("late")).raise_for_status()
            lines = [watch.stdout.readline().split() for _ in range(2)]
        finally:
            watch.kill()

    assert lines[0][:2] == ["EVENT", "NAME"]
    assert lines[1][:2] == ["ADDED", "late"]


def test_describe_replace_run_and_expose_work(kube: Kube) -> None:
    kube.kubectl("run", "probe", "--image=busybox", "--port=80")
    kube.kubectl("expose", "pod", "probe", "--port=80", "--target-port=8080")
    service = kube.read("service", "probe")
    service["spec"]["ports"][0]["port"] = 81

    kube.kubectl("replace", "-f", "-", given=service)

    assert "81/TCP" in kube.kubectl("get", "service", "probe")
    assert "busybox" in kube.kubectl("describe", "pod", "probe")
    assert kube.read("service", "probe")["spec"]["clusterIP"].startswith("10.0.")


def test_every_kind_of_patch_reaches_its_field(kube: Kube) -> None:
    kube.kubectl("apply", "-f", "-", given=deployment())
    strategic = {"spec": {"template": {"spec": {"containers": [{"name": "web", "tty": True}]}}}}
    json_patch = [{"op": "replace", "path": "/spec/replicas", "value": 4}]

    kube.kubectl("patch", "deployment", "web", "-p", json.dumps(strategic))
    kube.kubectl("patch", "deployment", "web", "--type=json", "-p", json.dumps(json_patch))
    kube.kubectl("patch", "deployment", "web", "--type=merge", "-p", '{"spec":{"paused":true}}')

    spec = kube.read("deployment", "web")["spec"]
    container = spec["template"]["spec"]["containers"][0]
    assert (container["image"], container["tty"]) == ("nginx:1", True)
    assert (spec["replicas"], spec["paused"]) == (4, True)


def test_who_i_am_and_what_i_may_is_answered(kube: Kube) -> None:
    kube.kubectl("create", "serviceaccount", "robot")

    token = kube.kubectl("create", "token", "robot", "--audience=api://vault").strip()
    robot = f"--as-nothing {token}".split()[1]
    mine = kube.kubectl("auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")

    assert kube.kubectl("auth", "can-i", "delete", "pods").strip() == "yes"
    assert mine == "clusterAdmin"
    assert robot.count(".") == 2


def test_an_old_client_finds_its_way_by_plain_discovery(kube: Kube) -> None:
    groups = kube.http.get("/apis").json()
    resources = kube.http.get("/apis/apps/v1").json()

    assert {"name": "apps", "versions": [{"groupVersion": "apps/v1", "version": "v1"}]}.items() <= (
        next(each for each in groups["groups"] if each["name"] == "apps").items()
    )
    assert "deployments/scale" in [each["name"] for each in resources["resources"]]
    assert kube.http.get("/apis/nothing.example.com/v1").status_code == 404
