"""Pods: what they wait for, what their commands find, and how they end."""

import base64
import shutil
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cluster.controllers.kubelet import tunnel

Manifest = dict[str, Any]
Build = Callable[..., Manifest]

PODS = "/api/v1/namespaces/demo/pods"


def pod(demo: Build, name: str = "one", policy: str = "Always", **container: Any) -> Manifest:
    """A pod with one container; `volumes` and `initContainers` go where they belong."""
    parts = {
        field: container.pop(field) for field in ("volumes", "initContainers") if field in container
    }
    main = {"name": "main", "image": "nginx"} | container
    return demo("Pod", name, spec={"containers": [main], "restartPolicy": policy} | parts)


def command(demo: Build, script: str, **container: Any) -> Manifest:
    shell = {"image": "busybox:1.37", "command": ["sh", "-c", script]}
    return pod(demo, policy="Never", **shell | container)


def secret(demo: Build, name: str, **data: str) -> Manifest:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return demo("Secret", name, data=encoded)


def state(live: Any, name: str = "one") -> Manifest:
    found = live.get(f"{PODS}/{name}").get("status", {}).get("containerStatuses") or [{}]
    return found[0].get("state") or {}


def waiting(live: Any) -> Manifest | None:
    found: Manifest | None = state(live).get("waiting")
    return None if found is None or found["reason"] == "ContainerCreating" else found


def is_ready(live: Any, name: str = "one") -> bool:
    found = live.get(f"{PODS}/{name}").get("status", {}).get("conditions") or []
    return any(item["type"] == "Ready" and item["status"] == "True" for item in found)


def phase(live: Any, name: str = "one") -> str:
    return str(live.get(f"{PODS}/{name}").get("status", {}).get("phase"))


def ended(live: Any) -> str:
    """Wait for the end of the pod; returns its log."""
    live.until(lambda: phase(live) in ("Succeeded", "Failed"))
    return str(live.http.get(f"{PODS}/one/log").text)


def reasons(live: Any) -> set[str]:
    return {item["reason"] for item in live.items("/api/v1/namespaces/demo/events")}


def test_a_pod_starts_on_a_node_with_an_address(live: Any, demo: Build) -> None:
    live.create(pod(demo))

    live.until(lambda: is_ready(live))

    found = live.get(f"{PODS}/one")
    assert found["spec"]["nodeName"].startswith("aks-system-")
    assert found["status"]["podIP"].startswith("10.244.")
    live.until(lambda: {"Scheduled", "Pulled", "Created", "Started"} <= reasons(live))


def test_a_pod_takes_its_time_to_start(slow: Any, demo: Build) -> None:
    slow.create(pod(demo))

    first = slow.until(lambda: state(slow).get("waiting"))
    slow.until(lambda: is_ready(slow))

    assert first == {"reason": "ContainerCreating"}


def test_a_missing_secret_keeps_a_pod_waiting_until_it_exists(live: Any, demo: Build) -> None:
    reference = {"secretKeyRef": {"name": "keys", "key": "anon"}}
    live.create(pod(demo, env=[{"name": "KEY", "valueFrom": reference}]))

    first = live.until(lambda: waiting(live))
    live.create(secret(demo, "keys", other="x"))
    second = live.until(lambda: (w := waiting(live)) and w != first and w)
    live.patch("/api/v1/namespaces/demo/secrets/keys", {"data": {"anon": "eA=="}})
    live.until(lambda: is_ready(live))

    assert first["reason"] == "CreateContainerConfigError"
    assert first["message"] == 'secret "keys" not found'
    assert second["message"] == "couldn't find key anon in Secret demo/keys"


def test_a_running_pod_does_not_miss_a_secret_that_goes_away(live: Any, demo: Build) -> None:
    live.create(
        secret(demo, "keys", anon="x"), pod(demo, envFrom=[{"secretRef": {"name": "keys"}}])
    )
    live.until(lambda: is_ready(live))

    live.delete("/api/v1/namespaces/demo/secrets/keys")
    live.patch(f"{PODS}/one", {"metadata": {"labels": {"look": "again"}}})
    live.create(pod(demo, "two"))
    live.until(lambda: is_ready(live, "two"))

    assert is_ready(live)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"envFrom": [{"secretRef": {"name": "keys"}}]}, 'secret "keys" not found'),
        ({"envFrom": [{"configMapRef": {"name": "set"}}]}, 'configmap "set" not found'),
        ({"volumes": [{"name": "v", "secret": {"secretName": "keys"}}]}, 'secret "keys" not found'),
        ({"volumes": [{"name": "v", "configMap": {"name": "set"}}]}, 'configmap "set" not found'),
    ],
)
def test_each_missing_reference_is_named(
    live: Any, demo: Build, parts: Manifest, message: str
) -> None:
    live.create(pod(demo, **parts))

    found = live.until(lambda: waiting(live))

    assert (found["reason"], found["message"]) == ("CreateContainerConfigError", message)


def test_optional_references_may_be_missing(live: Any, demo: Build) -> None:
    reference = {"secretKeyRef": {"name": "keys", "key": "anon", "optional": True}}
    live.create(pod(demo, env=[{"name": "KEY", "valueFrom": reference}]))

    live.until(lambda: is_ready(live))


def test_an_unknown_image_is_never_pulled(live: Any, demo: Build) -> None:
    live.create(pod(demo, image="registry.example/does-not-exist:1"))

    found = live.until(lambda: waiting(live))

    assert found["reason"] == "ImagePullBackOff"


def test_a_command_runs_for_real_and_prints_to_the_log(live: Any, demo: Build) -> None:
    live.create(secret(demo, "keys", anon="s3cr3t"))
    env = [
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "anon"}}},
        {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "BOTH", "value": "$(KEY) in $(WHERE)"},
    ]

    live.create(command(demo, 'echo "$BOTH"; echo oops >&2; echo $(expr 6 \\* 7)', env=env))

    assert ended(live) == "s3cr3t in demo\noops\n42\n"
    assert phase(live) == "Succeeded"


def test_a_command_finds_nothing_of_this_machine_in_its_environment(
    live: Any, demo: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "of the operator")

    live.create(command(demo, "env"))

    printed = ended(live)
    assert "AZURE_CLIENT_SECRET" not in printed
    proxy = live.settings.proxy.replace(":token", ";demo;one:token")  # It says who is asking.
    assert f"HTTPS_PROXY={proxy}" in printed
    assert f"SSL_CERT_FILE={live.settings.ca}" in printed


def test_a_failed_command_fails_its_pod(live: Any, demo: Build) -> None:
    live.create(command(demo, "exit 7"))

    ended(live)

    assert phase(live) == "Failed"
    assert state(live)["terminated"]["exitCode"] == 7


def test_mounted_files_are_found_under_their_paths(live: Any, demo: Build) -> None:
    live.create(demo("ConfigMap", "code", data={"run.sh": "cat /data/in/word > /results/out\n"}))
    live.create(secret(demo, "words", word="hello"))
    volumes = [
        {"name": "code", "configMap": {"name": "code"}},
        {"name": "words", "secret": {"secretName": "words"}},
        {"name": "work", "emptyDir": {}},
    ]
    mounts = [
        {"name": "code", "mountPath": "/scripts"},
        {"name": "words", "mountPath": "/data/in"},
        {"name": "work", "mountPath": "/results"},
    ]
    script = "sh /scripts/run.sh && cat /results/out"

    live.create(command(demo, script, volumes=volumes, volumeMounts=mounts))

    assert ended(live) == "hello"


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not on PATH")
def test_a_database_client_reaches_its_server_through_the_proxy(live: Any, demo: Build) -> None:
    url = "postgres://$(USER)@db.internal:5432/postgres?sslmode=disable"
    shell = {"command": ["psql", url, "-c", "select 1"], "image": "postgres:16-alpine"}

    live.create(command(demo, "", env=[{"name": "USER", "value": "migrator"}], **shell))

    assert "FATAL:  no entry for migrator" in ended(live)


def test_where_there_is_no_database_its_clients_say_so_and_succeed(live: Any, demo: Build) -> None:
    live.without_database = "There is none here."
    shell = {"command": ["psql", "-c", "select 1"], "image": "docker.io/library/postgres:17.6"}

    live.create(command(demo, "", **shell))

    said = (
        "docker.io/library/postgres:17.6 is not run in the sandbox (There is none here.): success."
    )
    assert ended(live).strip() == said
    assert phase(live) == "Succeeded"


def test_init_containers_run_first_and_stop_the_pod_when_they_fail(live: Any, demo: Build) -> None:
    first = {"name": "first", "image": "busybox", "command": ["sh", "-c", "exit 4"]}

    live.create(command(demo, "echo never", initContainers=[first]))

    live.until(lambda: phase(live) == "Failed")
    found = live.get(f"{PODS}/one")["status"]["initContainerStatuses"][0]
    assert found["state"]["terminated"]["exitCode"] == 4


def test_on_failure_starts_the_container_again_in_the_same_pod(live: Any, demo: Build) -> None:
    flaky = command(demo, f"test -e {live.folder}/met || {{ touch {live.folder}/met; exit 1; }}")
    flaky["spec"]["restartPolicy"] = "OnFailure"

    live.create(flaky)

    live.until(lambda: phase(live) == "Succeeded")
    assert live.get(f"{PODS}/one")["status"]["containerStatuses"][0]["restartCount"] == 1


def test_a_program_that_this_machine_lacks_is_named(live: Any, demo: Build) -> None:
    live.create(command(demo, "", command=["no-such-program"]))

    printed = ended(live)

    assert 'exec: "no-such-program": executable file not found' in printed
    assert phase(live) == "Failed"


def test_a_deleted_pod_takes_its_processes_along(live: Any, demo: Build) -> None:
    live.create(command(demo, f"touch {live.folder}/begun; sleep 2; touch {live.folder}/survived"))
    live.until((live.folder / "begun").exists)

    live.delete(f"{PODS}/one", gracePeriodSeconds=0)

    live.until(lambda: live.get(f"{PODS}/one").get("code") == 404)
    with pytest.raises(AssertionError, match="It never happened"):
        live.until((live.folder / "survived").exists, seconds=2.5)


def test_a_program_without_its_configuration_crashes_and_tries_again(
    live: Any, demo: Build
) -> None:
    live.create(pod(demo, image="supabase/gotrue:v2.196.0"))

    found = live.until(lambda: waiting(live))

    assert found["reason"] == "CrashLoopBackOff"
    assert "GOTRUE_JWT_SECRET" in live.http.get(f"{PODS}/one/log").text


@pytest.mark.parametrize(
    ("key", "port", "ready"), [("key", 8080, True), ("", 8080, False), ("key", 80, False)]
)
def test_a_simulated_container_answers_its_readiness_probe(
    live: Any, demo: Build, key: str, port: int, ready: bool
) -> None:
    env = {
        "JCLOUDS_PROVIDER": "azureblob",
        "JCLOUDS_CREDENTIAL": key,
        "S3PROXY_ENDPOINT": "http://0.0.0.0:8080",
    }
    live.create(
        pod(
            demo,
            image="andrewgaul/s3proxy:s3proxy-4.0.0",
            env=[{"name": name, "value": value} for name, value in env.items()],
            readinessProbe={"httpGet": {"path": "/healthz", "port": port}},
        )
    )

    live.until(lambda: phase(live) == "Running")

    assert is_ready(live) is ready
    if not ready:
        live.until(lambda: "Unhealthy" in reasons(live))


@pytest.mark.parametrize(
    "env",
    [
        {"PGHOST": "db.example.com", "PGPORT": "a"},
        {"DATABASE_URL": "postgres://user:secret@[broken:x/db"},
        {"DATABASE_URL": "postgresql://db.example.com:99999999/db"},
    ],
    ids=["port", "URL", "port of a URL"],
)
def test_an_address_that_makes_no_sense_is_left_to_the_program(
    live: Any, demo: Build, env: dict[str, str]
) -> None:
    variables = [{"name": name, "value": value} for name, value in env.items()]
    live.create(command(demo, "echo ran", env=variables))

    log = ended(live)

    assert (phase(live), log) == ("Succeeded", "ran\n")


def test_a_container_that_cannot_be_started_ends_and_says_why(live: Any, demo: Build) -> None:
    live.create(command(demo, "echo ran", env=[{"name": "ODD", "value": "a\0b"}]))

    log = ended(live)

    assert phase(live) == "Failed"
    assert state(live)["terminated"]["reason"] == "StartError"
    assert "null byte" in log


@pytest.mark.parametrize(
    ("env", "found"),
    [
        ({"PGHOST": "db.example.com", "PGPORT": "6432"}, ("db.example.com", 6432)),
        ({"URL": "postgres://user:secret@db.example.com/app"}, ("db.example.com", 5432)),
        ({"PGHOST": "/var/run/postgresql"}, ("", 5432)),
        ({"PGHOST": "db\r\nProxy-Authorization: x"}, ("", 5432)),
        ({"PGHOST": "db", "PGPORT": "٣"}, ("", 5432)),
        ({"PGHOST": "db", "PGPORT": "65536"}, ("", 5432)),
    ],
)
def test_only_an_address_is_tunnelled_to(env: dict[str, str], found: tuple[str, int]) -> None:
    assert tunnel.destination(env, []) == found
