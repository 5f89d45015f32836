"""The Job that prepares the database: when it runs, what it holds, and whom it may reach."""

import subprocess
from typing import Any

import pytest

from tasks.helm.release import TIMEOUT
from tests.chart.conftest import PROJECT, Charts, RefusedError, Rendering

JOB, VERIFY = "supabase-database", "supabase-database-verify"
HOOK, WEIGHT = "helm.sh/hook", "helm.sh/hook-weight"


def about(rendering: Rendering, kind: str, name: str = JOB) -> dict[str, str]:
    found: dict[str, str] = rendering.kind(kind)[name]["metadata"]["annotations"]
    return found


def pod(rendering: Rendering, name: str = JOB) -> dict[str, Any]:
    found: dict[str, Any] = rendering.kind("Job")[name]["spec"]["template"]["spec"]
    return found


def test_it_runs_before_each_install_and_upgrade_and_verify_with_the_tests(charts: Charts) -> None:
    rendering = charts.render("supabase")

    assert about(rendering, "Job")[HOOK] == "pre-install,pre-upgrade"
    assert about(rendering, "Job", VERIFY)[HOOK] == "test"
    assert pod(rendering)["containers"][0]["command"][1:] == ["/bootstrap/bootstrap.sh", "apply"]
    verify = pod(rendering, VERIFY)["containers"][0]["command"]
    assert verify[1:] == ["/bootstrap/bootstrap.sh", "verify"]


@pytest.mark.parametrize("kind", ["ConfigMap", "NetworkPolicy"])
def test_what_it_needs_is_there_before_it_and_goes_after_it(charts: Charts, kind: str) -> None:
    rendering = charts.render("supabase")

    found, job = about(rendering, kind), about(rendering, "Job")
    assert set(found[HOOK].split(",")) == {"pre-install", "pre-upgrade", "test"}
    assert int(found[WEIGHT]) < int(job[WEIGHT])
    assert "hook-succeeded" in found["helm.sh/hook-delete-policy"]
    assert job["helm.sh/hook-delete-policy"] == "before-hook-creation"  # Its log stays.


def test_it_holds_every_file_of_the_folder_unchanged(charts: Charts) -> None:
    folder = PROJECT / "charts" / "supabase" / "files" / "database"

    files = charts.render("supabase").files(JOB)

    assert {name: text.strip() for name, text in files.items()} == {
        path.name: path.read_text().strip() for path in folder.iterdir()
    }


def test_secrets_come_as_files_and_never_as_variables(charts: Charts) -> None:
    spec = pod(charts.render("supabase"))

    assert not [entry for entry in spec["containers"][0]["env"] if "valueFrom" in entry]
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    assert volumes["secrets"]["secret"]["secretName"] == "supabase-database"
    assert volumes["secrets"]["secret"]["defaultMode"] == 0o440


def test_its_pods_reach_the_database_and_nobody_else(charts: Charts) -> None:
    rendering = charts.render("supabase", {"database": {"cidrs": ["10.40.4.0/27"], "port": 6432}})

    spec = rendering.kind("NetworkPolicy")[JOB]["spec"]
    labels = rendering.kind("Job")[JOB]["spec"]["template"]["metadata"]["labels"]
    assert spec["podSelector"]["matchLabels"] == labels
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in spec
    assert spec["egress"] == [
        {"to": [{"ipBlock": {"cidr": "10.40.4.0/27"}}], "ports": [{"port": 6432}]}
    ]


def test_realtimes_image_brings_its_schema_only_where_realtime_is_on(charts: Charts) -> None:
    on = pod(charts.render("supabase"))
    off = pod(charts.render("supabase", {"components": {"realtime": {"enabled": False}}}))

    assert [container["name"] for container in on["initContainers"]] == ["realtime-schema"]
    assert "initContainers" not in off
    assert "SCHEMAS" in {entry["name"] for entry in on["containers"][0]["env"]}
    assert "SCHEMAS" not in {entry["name"] for entry in off["containers"][0]["env"]}


@pytest.mark.parametrize(
    "values",
    [
        {"database": {"bootstrap": {"enabled": False}}},
        {"components": {"db": {"enabled": True}}},
    ],
    ids=["switched-off", "own-database"],
)
def test_without_it_nothing_of_it_is_there(charts: Charts, values: dict[str, Any]) -> None:
    rendering = charts.render("supabase", values)

    names = {item["metadata"]["name"] for item in rendering.objects}
    assert not names & {JOB, VERIFY}


@pytest.mark.parametrize("name", ["", "pg crypto", "x; DROP TABLE y", "1st"])
def test_a_name_that_no_extension_has_is_refused(charts: Charts, name: str) -> None:
    with pytest.raises(RefusedError):
        charts.render("supabase", {"database": {"bootstrap": {"extensions": [name]}}})


def test_what_init_containers_copy_is_there_or_nothing(charts: Charts) -> None:
    (copy,) = charts.render("supabase").pods()["supabase-database"]["initContainers"]
    name, flag, script = copy["command"]

    done = subprocess.run([name, flag, script], check=False)  # No image of Realtime is here.

    assert done.returncode == 0


@pytest.mark.parametrize("name", [JOB, "supabase-realtime-tenant"])
def test_a_job_gives_up_and_tells_why_before_helm_does(charts: Charts, name: str) -> None:
    rendering = charts.render("supabase")
    deadline = rendering.kind("Job")[name]["spec"]["activeDeadlineSeconds"]

    env = {item["name"]: item.get("value") for item in pod(rendering, name)["containers"][0]["env"]}
    assert int(env.get("PATIENCE") or env["DEADLINE"]) + 30 <= deadline <= TIMEOUT - 10
