"""What the s3proxy chart promises."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import PROJECT, Charts, RefusedError

START = PROJECT / "charts/s3proxy/files/start.sh"
# What S3Proxy 4.0.0 reads from a file of properties: S3ProxyConstants.java and Constants.java.
KNOWN = {
    *("s3proxy.endpoint", "s3proxy.authorization", "s3proxy.ignore-unknown-headers"),
    *("s3proxy.identity", "s3proxy.credential"),
    *("jclouds.provider", "jclouds.endpoint", "jclouds.identity", "jclouds.credential"),
}
JAVA = """#!/bin/sh
printf '%s\\n' "$@"
"""
IDENTITY = {
    "storage": {
        "signIn": "workloadIdentity",
        "clientId": "00000000-0000-0000-0000-00000000feed",
    }
}


def settings(charts: Charts, values: dict[str, Any] | None = None) -> dict[str, str | None]:
    entries = charts.render("s3proxy", values).environment("s3proxy")
    return {entry["name"]: entry.get("value") for entry in entries}


def test_the_endpoint_follows_from_the_account(charts: Charts) -> None:
    found = settings(charts, {"storage": {"account": "otherstg"}})

    assert found["JCLOUDS_ENDPOINT"] == "https://otherstg.blob.core.windows.net"


def test_clients_have_to_sign(charts: Charts) -> None:
    assert settings(charts)["S3PROXY_AUTHORIZATION"] == "aws-v2-or-v4"


def test_it_listens_where_an_ordinary_user_may(charts: Charts) -> None:
    rendering = charts.render("s3proxy", {"port": 8181})

    container = rendering.pods()["s3proxy"]["containers"][0]
    assert settings(charts, {"port": 8181})["S3PROXY_ENDPOINT"] == "http://0.0.0.0:8181"
    assert container["ports"] == [{"name": "http", "containerPort": 8181}]


def test_storage_finds_it_under_its_default_address(charts: Charts) -> None:
    service = charts.render("s3proxy").kind("Service")["s3proxy"]
    storage = charts.render("supabase").environment("supabase-storage")

    port = service["spec"]["ports"][0]["port"]
    address = {"name": "STORAGE_S3_ENDPOINT", "value": f"http://s3proxy:{port}"}
    assert address in storage


@pytest.mark.parametrize("client", ["storage", "imgproxy", "test"])
def test_those_who_read_files_and_the_test_are_let_in_and_nobody_else(
    charts: Charts, client: str
) -> None:
    policy = charts.render("s3proxy").kind("NetworkPolicy")["s3proxy"]["spec"]
    (rule,) = policy["ingress"]

    peers = [peer["podSelector"]["matchLabels"] for peer in rule["from"]]

    labels = {"app.kubernetes.io/name": "supabase", "app.kubernetes.io/component": client}
    assert labels in peers
    assert len(peers) == 3


def test_the_identity_of_the_node_is_out_of_reach(charts: Charts) -> None:
    policy = charts.render("s3proxy").kind("NetworkPolicy")["s3proxy"]["spec"]

    (peer,) = policy["egress"][0]["to"]
    assert peer["ipBlock"]["except"] == ["169.254.169.254/32"]


def test_a_private_endpoint_narrows_the_way_out(charts: Charts) -> None:
    rendering = charts.render("s3proxy", {"storage": {"cidrs": ["10.40.5.0/26"]}})

    (peer,) = rendering.kind("NetworkPolicy")["s3proxy"]["spec"]["egress"][0]["to"]
    assert peer["ipBlock"] == {"cidr": "10.40.5.0/26"}


def test_one_pod_has_no_disruption_budget(charts: Charts) -> None:
    assert charts.render("s3proxy", {"replicas": 1}).kind("PodDisruptionBudget") == {}


@dataclass
class Started:
    """How its start ended, with what it started the program, and the files that it wrote."""

    code: int
    said: str
    arguments: list[str]
    files: list[dict[str, str]]


def start(
    charts: Charts, folder: Path, accepted: str, values: dict[str, Any] | None = None
) -> Started:
    """Run the container's program with the chart's settings; Java tells its arguments."""
    run = folder / "run"
    run.mkdir()
    (folder / "java").write_text(JAVA)
    (folder / "java").chmod(0o755)
    secret = {"ACCEPTED": accepted, "JCLOUDS_CREDENTIAL": "of\\the=account"}
    given = {name: value or "" for name, value in settings(charts, values).items()}
    done = subprocess.run(
        ["sh", str(START), "/opt/s3proxy/s3proxy", str(run)],
        env=given | secret | {"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    words = done.stdout.split()
    named = [Path(words[at + 1]) for at, word in enumerate(words) if word == "--properties"]
    assert done.returncode or sorted(named) == sorted(run.iterdir())
    assert all(file.stat().st_mode & 0o077 == 0 for file in named)
    files = [dict(line.split("=", 1) for line in file.read_text().splitlines()) for file in named]
    return Started(done.returncode, done.stderr, words, files)


@pytest.mark.parametrize("values", [{}, IDENTITY], ids=["accountKey", "workloadIdentity"])
def test_s3proxy_knows_every_setting(
    charts: Charts, tmp_path: Path, values: dict[str, Any]
) -> None:
    started = start(charts, tmp_path, "id:secret", values)

    assert [set(file) for file in started.files] == [KNOWN]
    assert all(word in started.arguments for word in ("-XX:+ExitOnOutOfMemoryError", "-jar"))


def test_everybody_who_is_accepted_may_sign_and_reaches_the_same_account(
    charts: Charts, tmp_path: Path
) -> None:
    started = start(charts, tmp_path, "new:one:with-a-colon,old:two")

    own = [(file.pop("s3proxy.identity"), file.pop("s3proxy.credential")) for file in started.files]
    assert own == [("new", "one:with-a-colon"), ("old", "two")]
    assert started.files[0] == started.files[1]
    assert started.files[0]["jclouds.credential"] == "of\\\\the=account"


def test_no_credential_is_among_the_arguments(charts: Charts, tmp_path: Path) -> None:
    started = start(charts, tmp_path, "new:one,old:two")

    told = " ".join(started.arguments) + started.said
    assert not [secret for secret in ("new:", "one,", "two", "account") if secret in told]


@pytest.mark.parametrize("accepted", ["", "no-colon", "new:one,:two"])
def test_credentials_that_are_none_are_told_and_nothing_starts(
    charts: Charts, tmp_path: Path, accepted: str
) -> None:
    started = start(charts, tmp_path, accepted)

    assert (started.code, started.arguments) == (78, [])
    assert "look at the Secret" in started.said


def test_an_identity_signs_in_without_the_key_of_the_account(charts: Charts) -> None:
    rendering = charts.render("s3proxy", IDENTITY)

    pod = rendering.kind("Deployment")["s3proxy"]["spec"]["template"]
    account = rendering.kind("ServiceAccount")[pod["spec"]["serviceAccountName"]]
    found = settings(charts, IDENTITY)
    assert (found["JCLOUDS_IDENTITY"], found["JCLOUDS_CREDENTIAL"]) == ("", "")
    assert "azure-storage-account-key" not in rendering.manifest
    assert pod["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert account["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": "00000000-0000-0000-0000-00000000feed"
    }


def test_an_identity_reaches_entra_beside_a_private_endpoint(charts: Charts) -> None:
    narrow = {"storage": {**IDENTITY["storage"], "cidrs": ["10.40.5.0/26"]}}

    policy = charts.render("s3proxy", narrow).kind("NetworkPolicy")["s3proxy"]["spec"]

    cidrs = [peer["ipBlock"]["cidr"] for rule in policy["egress"] for peer in rule["to"]]
    assert cidrs == ["10.40.5.0/26", "0.0.0.0/0"]


def test_an_identity_without_a_client_id_is_refused(charts: Charts) -> None:
    with pytest.raises(RefusedError, match=r"storage\.clientId is required"):
        charts.render("s3proxy", {"storage": {"signIn": "workloadIdentity"}})


def test_without_a_name_of_its_secret_it_is_refused(charts: Charts) -> None:
    with pytest.raises(RefusedError, match="no default secrets"):
        charts.render("s3proxy", {"secret": ""})


@pytest.mark.parametrize("host", ["", "docker.io/", "localhost:5000/"])
def test_an_imported_image_comes_from_the_registry_it_was_imported_into(
    charts: Charts, host: str
) -> None:
    name = "andrewgaul/s3proxy:s3proxy-4.0.0"
    values = {"images": {"registry": "example.azurecr.io"}, "image": f"{host}{name}"}

    (container,) = charts.render("s3proxy", values).pods()["s3proxy"]["containers"]

    assert container["image"] == f"example.azurecr.io/{name}"
