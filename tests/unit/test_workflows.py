"""The pipelines ask for what is there, and for no more rights than they need."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks import environment

PROJECT = Path(__file__).parents[2]
FILES = sorted((PROJECT / ".github/workflows").glob("*.yml"))
CONTAINERFILE = (PROJECT / "deployments/images/worker/Containerfile").read_text()
WORKFLOW = {"name", True, "permissions", "concurrency", "jobs"}  # YAML reads `on` as true.
JOB = {
    "name",
    "needs",
    "if",
    "runs-on",
    "timeout-minutes",
    "environment",
    "permissions",
    "outputs",
    "env",
    "steps",
}
STEP = {"name", "id", "uses", "with", "run", "env"}
PINNED = re.compile(r"^\s*(?:- )?uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
TARGET = re.compile(r"\bmake ((?:[a-z]+ ?)+)")


def read(file: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(file.read_text())
    return content


def steps() -> list[dict[str, Any]]:
    jobs = (job for file in FILES for job in read(file)["jobs"].values())
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_has_known_keys_and_ends_some_time(file: Path) -> None:
    content = read(file)

    assert set(content) <= WORKFLOW
    for job in content["jobs"].values():
        assert set(job) <= JOB
        assert job["timeout-minutes"] <= 120
        assert all(set(step) <= STEP for step in job["steps"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_workflow_has_no_rights_and_each_job_names_its_own(file: Path) -> None:
    content = read(file)

    assert content["permissions"] == {}
    assert "pull_request_target" not in content[True]
    assert all("permissions" in job for job in content["jobs"].values())


def test_no_job_that_runs_a_pull_requests_code_may_write() -> None:
    for job in read(PROJECT / ".github/workflows/pull-request.yml")["jobs"].values():
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        assert not checks_out or job["permissions"] == {"contents": "read"}


def test_prod_takes_the_image_of_a_release_and_dev_what_has_landed() -> None:
    def images(name: str) -> set[str]:
        text = (PROJECT / ".github/workflows" / name).read_text()
        return set(re.findall(r"\bWORKER_IMAGE\w*", text))

    assert images("release.yml") == {"WORKER_IMAGE_PROD"}
    assert images("main.yml") == {"WORKER_IMAGE_DEV"}


def test_what_a_pipeline_deploys_keeps_its_state_where_the_next_run_finds_it() -> None:
    runs = [step["run"] for step in steps() if "run" in step]
    deployed = {name for run in runs for name in re.findall(r"ENVIRONMENT=(\S+)", run)}

    assert deployed
    assert {environment.load(name).state.kind for name in deployed} == {"azurerm"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it(file: Path) -> None:
    used = [line for line in file.read_text().splitlines() if "uses:" in line]

    assert used
    assert [line for line in used if not PINNED.match(line)] == []


def test_programs_take_what_others_may_have_written_from_their_environment() -> None:
    assert [step["run"] for step in steps() if "${{" in step.get("run", "")] == []


def test_what_the_workflows_run_is_there() -> None:
    makefile = (PROJECT / "Makefile").read_text()
    for program in (step["run"] for step in steps() if "run" in step):
        for targets in TARGET.findall(program):
            for target in targets.split():
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for path in re.findall(r"(?:scripts|\.ci)/[\w.]+", program):
            assert (PROJECT / path).exists(), path


def test_the_image_takes_packages_by_digest_and_runs_as_nobody_special() -> None:
    assert "--require-hashes" in CONTAINERFILE
    assert re.findall(r"^USER (.+)$", CONTAINERFILE, re.MULTILINE)[-1] == "10001:10001"
    bases = re.findall(r"^ARG \w+_IMAGE=(.+)$", CONTAINERFILE, re.MULTILINE)
    assert len(bases) == 4
    assert [base for base in bases if not re.search(r":v?\d+\.\d+\.\d+", base)] == []


def test_the_image_copies_only_what_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    sent = {
        line[1:]
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    for path in (path for line in copied for path in line.split()):
        assert (PROJECT / path).exists(), path
        assert path.split("/")[0] in sent, path


def test_terraform_is_of_one_version_everywhere() -> None:
    told = {
        step["with"]["terraform_version"] for step in steps() if "terraform" in step.get("uses", "")
    }

    assert {f"hashicorp/terraform:{version}" for version in told} == set(
        re.findall(r"hashicorp/terraform:[\d.]+", CONTAINERFILE)
    )
