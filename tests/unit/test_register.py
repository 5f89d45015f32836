"""What the files ask of Prefect, before any server is asked."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import prefect
import pytest
import yaml
from prefect.events.schemas.automations import Automation, EventTrigger
from prefect.utilities.templating import apply_values

from tasks import environment as environments
from tasks.drift import publish
from tasks.drift.finding import Finding
from tasks.drift.history import Chronicle
from tasks.environment import Environment, Topic, Worker
from tasks.errors import ConfigError
from tasks.register import automations, channels, wanted
from tasks.register.wanted import Deployment, Place

PROJECT = Path(__file__).parents[2]
POOLS = sorted((PROJECT / "deployments/pools").glob("*.yaml"))
VIEWS = "server/api/collections_data/views/aggregate-worker-metadata.json"
TEAMS = (
    f"https://prod-1.westeurope.logic.azure.com:443/workflows/{32 * '0'}/triggers/manual/paths/"
    f"invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={43 * 'a'}"
)


def upstream(kind: str) -> dict[str, Any]:
    """The template that Prefect itself knows for a kind of worker."""
    known = json.loads((Path(prefect.__file__).parent / VIEWS).read_text())
    kinds = {name: one for collection in known.values() for name, one in collection.items()}
    template: dict[str, Any] = kinds[kind]["default_base_job_configuration"]
    return template


def placeholders(template: Any) -> set[str]:
    return set(re.findall(r"{{ (\w+) }}", json.dumps(template)))


def place(kind: str, **variables: Any) -> Place:
    worker = Worker.model_validate({"kind": kind, "variables": variables})
    return Place("supabase-north", worker, "worker in deployments/north.yaml")


def north(**content: Any) -> Environment:
    text = yaml.safe_load((environments.ENVIRONMENTS / "sandbox.yaml").read_text()) | content
    return environments.parse("north", yaml.safe_dump(text), Path("north.yaml"))


@pytest.mark.parametrize("file", POOLS, ids=lambda file: file.stem)
def test_a_template_says_nothing_that_prefects_worker_does_not_know(file: Path) -> None:
    ours, theirs = yaml.safe_load(file.read_text()), upstream(file.stem)

    assert set(ours["job_configuration"]) <= set(theirs["job_configuration"])
    own = placeholders(ours["job_configuration"]["env"]) - {"env"}
    asked = set(ours["variables"]["properties"])
    assert asked <= set(theirs["variables"]["properties"]) | own
    assert placeholders(ours["job_configuration"]) | {"env"} == asked  # Prefect adds `env` itself.


def test_a_container_group_signs_in_as_the_identity_that_the_environment_names() -> None:
    needed = ("subscription_id", "resource_group_name", "image", "identities")
    identity = {"tenant_id": "a-tenant", "client_id": "a-client"}
    given = dict.fromkeys(needed, "x") | identity

    made = wanted.template(place("azure-container-instance", **given), {})

    asked = made["variables"]["properties"]
    told = {name: asked[name]["default"] for name in identity}
    assert apply_values(made["job_configuration"]["env"], told) == {
        "ARM_USE_MSI": "true",
        "ARM_TENANT_ID": "a-tenant",
        "ARM_CLIENT_ID": "a-client",
    }


def test_a_container_group_without_an_identity_to_sign_in_as_is_refused() -> None:
    with pytest.raises(ConfigError, match="client_id, identities"):
        wanted.template(place("azure-container-instance", image="worker:1"), {})


def test_a_job_refers_to_the_secret_with_the_servers_password() -> None:
    worker = yaml.safe_load((PROJECT / "deployments/prefect/worker.yaml").read_text())["worker"]
    server = yaml.safe_load((PROJECT / "deployments/prefect/server.yaml").read_text())["server"]
    told = {one["name"]: one["value"] for one in worker["extraEnvVars"]}
    setting = "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET_"

    assert told[f"{setting}NAME"] == server["basicAuth"]["existingSecret"]
    assert told[f"{setting}KEY"] == "auth-string"


def test_every_kind_of_worker_has_a_template() -> None:
    kinds = get_args(Worker.model_fields["kind"].annotation)

    assert {file.stem for file in POOLS} == set(kinds)


def test_an_environments_variables_become_the_defaults_of_its_pool() -> None:
    made = wanted.template(place("kubernetes", memory_limit="3Gi", image="worker:1"), {})

    properties = made["variables"]["properties"]
    assert properties["memory_limit"]["default"] == "3Gi"
    assert properties["image"]["default"] == "worker:1"


def test_a_variable_that_the_template_lacks_is_named() -> None:
    with pytest.raises(ConfigError, match="memory_limt"):
        wanted.template(place("kubernetes", memory_limt="3Gi", image="worker:1"), {})


def test_a_pool_without_an_image_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKER_IMAGE_NORTH", raising=False)

    with pytest.raises(ConfigError, match="does not tell image"):
        wanted.template(place("kubernetes"), {})


def test_the_image_of_one_environment_is_not_that_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKER_IMAGE_NORTH", "worker@sha256:new")
    prod = Place("supabase-prod", place("kubernetes").worker, "worker in deployments/prod.yaml")
    standing = {"variables": {"properties": {"image": {"default": "worker@sha256:old"}}}}

    made = wanted.template(prod, standing)

    assert made["variables"]["properties"]["image"]["default"] == "worker@sha256:old"


def test_the_image_of_a_pipeline_stays_when_somebody_else_registers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WORKER_IMAGE_NORTH", "worker@sha256:1")
    first = wanted.template(place("kubernetes"), {})
    monkeypatch.delenv("WORKER_IMAGE_NORTH")

    assert wanted.template(place("kubernetes"), first) == first


def test_an_environment_that_prefect_yaml_does_not_name_gets_every_flow() -> None:
    listed = {one.flow for one in wanted.deployments(["dev"]) if not one.everywhere}

    made = [one for one in wanted.deployments(["north"]) if not one.everywhere]

    assert {one.flow for one in made} == listed
    assert {one.name for one in made} == {"north"}
    assert {one.work_pool.name for one in made} == {"supabase-north"}


def test_schedules_sleep_in_the_sandbox_and_nowhere_else() -> None:
    def awake(name: str) -> set[tuple[str, str]]:
        found = [one for one in wanted.deployments([name]) if one.name == name]
        return {(one.flow, s.slug) for one in found for s in one.schedules if s.active}

    assert awake("dev") == awake("prod") == {("drift", "hourly"), ("rotate", "weekly")}
    assert awake("sandbox") == set()


def test_a_key_that_prefect_yaml_has_and_register_does_not_know_is_named(tmp_path: Path) -> None:
    content = yaml.safe_load(wanted.PREFECT_FILE.read_text())
    content["deployments"][0]["paused"] = True
    (tmp_path / "prefect.yaml").write_text(yaml.safe_dump(content))

    with pytest.raises(ConfigError, match="paused"):
        wanted.deployments(["sandbox"], tmp_path / "prefect.yaml")


def test_whoever_ends_under_another_name_was_not_silent() -> None:
    found = Finding("opened", "critical", "nsg", "A port is open.", "Close it.")
    names = {
        publish.concluded([found], Chronicle((), (), ())).name,
        publish.looked_away("A deploy is at work.").name,
        publish.doubtful([found], "A deploy began.").name,
    }

    trigger = automations.silence(north()).trigger

    assert isinstance(trigger, EventTrigger)
    assert {f"prefect.flow-run.{name}" for name in names | {"TimedOut"}} <= trigger.expect


def test_every_failed_run_of_a_deployment_is_told_without_being_asked_for() -> None:
    channel = north(notify=[{"to": "ops", "by": "webhook"}]).notify[0]

    heard = automations.heard(north(), automations.NOTICES["run-failed"])

    assert "run-failed" in channel.about
    assert heard.expect == {"prefect.flow-run.Failed", "prefect.flow-run.TimedOut"}
    assert "FAILED" in str(heard.match)
    assert "deployment" in str(heard.match_related)


def test_a_worker_that_is_down_is_told_once_a_day_for_each_deployment() -> None:
    heard = automations.heard(north(), automations.NOTICES["run-late"])

    assert heard.within == timedelta(days=1)
    assert heard.for_each == {"related:deployment:prefect.resource.id"}


def test_of_two_automations_with_one_name_the_same_one_stays_whoever_looks() -> None:
    core = automations.silence(north()).model_dump()
    both = [Automation.model_validate(core | {"id": uuid4()}) for _ in range(2)]

    found, twins = automations.apart(both)

    assert automations.apart(both[::-1]) == (found, twins)
    assert {one.id for one in (*found.values(), *twins)} == {one.id for one in both}
    assert len(found) == len(twins) == 1


@pytest.mark.parametrize("topic", get_args(Topic))
def test_each_topic_has_words_and_a_section_in_the_runbook(topic: Topic) -> None:
    runbook = (PROJECT / "docs/runbook.md").read_text()

    assert automations.NOTICES[topic].subject
    assert f"\n### {topic}\n" in runbook


@pytest.mark.parametrize(
    ("by", "address"),
    [
        ("webhook", "https://example.com/hook?key=1"),
        ("slack", "https://hooks.slack.com/services/T0A/B0A/c1D2e3F4g5H6i7J8k9L0m1N2"),
        ("email", "mailtos://who:secret@mail.example.com?from=a@example.com&to=b@example.com"),
        ("teams", TEAMS),
    ],
)
def test_prefect_takes_an_address_of_each_kind(by: str, address: str) -> None:
    channel = north(notify=[{"to": "ops", "by": by}]).notify[0]

    block = channels.made(channel, address)

    assert block.get_block_type_slug() in {"custom-webhook", "slack-webhook", "ms-teams-webhook"}
    assert address not in repr(block)


@pytest.mark.parametrize("by", ["webhook", "slack", "email", "teams"])
def test_a_wrong_address_is_refused_and_not_repeated(by: str) -> None:
    channel = north(notify=[{"to": "ops", "by": by}]).notify[0]

    with pytest.raises(ConfigError) as caught:
        channels.made(channel, "gopher://token-of-somebody")

    assert "token-of-somebody" not in str(caught.value)


def test_one_name_is_one_channel() -> None:
    both = [{"to": "ops", "by": "slack"}], [{"to": "ops", "by": "teams"}]

    with pytest.raises(ConfigError, match="Channel ops is of kind teams"):
        channels.channels([north(notify=one) for one in both])


def test_titles_follow_the_flow() -> None:
    entry: Deployment = wanted.deployments(["dev"])[0]

    assert entry.title == "deploy/dev"
