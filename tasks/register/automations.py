"""Automations: what Prefect does by itself when something happens to an environment."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState, RunDeployment, SendNotification
from prefect.events.filters import AutomationFilter, AutomationFilterTags
from prefect.events.schemas.automations import Automation, AutomationCore, EventTrigger, Posture

from tasks.announce import RESOURCE
from tasks.environment import Environment, Topic
from tasks.register.pages import all_of
from tasks.register.wanted import MARK, Change
from tasks.step import step

BEGIN, HEARTBEAT = "prefect.flow-run.Running", "prefect.flow-run.heartbeat"
RUNS = "prefect.flow-run.*"
# Prefect names an event by the name of the state: ours of `drift`, too, each end a run that spoke.
OUR_ENDS = ("Drifted", "LookedAway", "Uncertain")
ENDS = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed", "Suspended", *OUR_ENDS)
DAY = timedelta(days=1)
FACTS = (
    "{% for name, value in event.payload.items() %}"
    "{% if value is string or value is number %}{{ name }}: {{ value }}\n"
    "{% elif value is mapping %}"
    "{{ name }}:{% for what, count in value.items() %} {{ what }} {{ count }};{% endfor %}\n"
    "{% endif %}{% endfor %}"
)
DEPLOYED = {"prefect.resource.role": "deployment"}
DEPLOYMENT = "related:deployment:prefect.resource.id"
RUN = "{{ flow_run.name }}, {{ flow_run.state.name }}: {{ flow_run.state.message }}\n"
LINK = "{% if flow_run %}{{ flow_run | ui_url }}\n{% endif %}"


@dataclass(frozen=True)
class Notice:
    """One thing that people are told: the events it follows, and the words."""

    subject: str
    events: tuple[str, ...]
    body: str = FACTS
    of_runs: bool = False  # Prefect's own events are about runs, ours about an environment.
    state: str = ""  # The type of the run's state, where its name is not enough.
    deployed: bool = False  # Whoever started a run in a terminal sits there.
    at_most_daily: bool = False  # For each deployment: an hourly one says nothing new each hour.


NOTICES: Mapping[Topic, Notice] = MappingProxyType(
    {
        "approval-wanted": Notice(
            "a run waits for your approval",
            ("prefect.flow-run.Paused", "prefect.flow-run.Suspended"),
            RUN,
            of_runs=True,
            state="PAUSED",  # A stage that ends with its suspended run bears the same name.
        ),
        "deploy-failed": Notice("deploy failed", ("supabase.deploy.failed",)),
        "deploy-planned": Notice("a deploy was planned", ("supabase.deploy.planned",)),
        "deploy-succeeded": Notice("deployed", ("supabase.deploy.succeeded",)),
        "drift-detected": Notice("drift", ("supabase.drift.detected",)),
        "drift-resolved": Notice("drift is gone", ("supabase.drift.resolved",)),
        "rotation-failed": Notice("rotation failed", ("supabase.secret.rotation-failed",)),
        "run-crashed": Notice(
            "a run crashed", ("prefect.flow-run.Crashed",), RUN, of_runs=True, deployed=True
        ),
        "run-failed": Notice(
            "a run failed",
            ("prefect.flow-run.Failed", "prefect.flow-run.TimedOut"),
            RUN,
            of_runs=True,
            state="FAILED",
            deployed=True,
        ),
        "run-late": Notice(
            "no worker takes a run",
            ("prefect.flow-run.Late",),
            RUN,
            of_runs=True,
            deployed=True,
            at_most_daily=True,
        ),
        "secret-rotated": Notice("secrets were rotated", ("supabase.secret.rotated",)),
    }
)


@step("automations")
def bring(
    environments: Sequence[Environment],
    deployments: Mapping[str, UUID],
    channels: Mapping[str, UUID],
    *,
    prune: bool,
) -> list[Change]:
    """Create and update the automations; those that somebody made in the UI are not looked at."""
    wanted = {
        one.name: one
        for environment in environments
        for one in automations(environment, deployments, channels)
    }
    changes: list[Change] = []
    with get_client(sync_client=True) as client:
        ours = AutomationFilter(tags=AutomationFilterTags(all_=[MARK]))
        listed = all_of(
            lambda limit, offset: client.read_automations(
                automations=ours, limit=limit, offset=offset
            )
        )
        found, twins = apart(listed)
        for name, automation in wanted.items():
            there = found.get(name)
            if there is None:
                client.create_automation(automation)
                changes.append(Change("created", "automation", name))
            elif AutomationCore.model_validate(there.model_dump(exclude={"id"})) != automation:
                client.update_automation(there.id, automation)
                changes.append(Change("changed", "automation", name))
        for name in sorted(set(found) - set(wanted)) if prune else ():
            client.delete_automation(found[name].id)
            changes.append(Change("removed", "automation", name, "no file asks for it"))
        for twin in twins if prune else ():
            client.delete_automation(twin.id)
            changes.append(Change("removed", "automation", twin.name, "there were two"))
    return changes


def apart(listed: Iterable[Automation]) -> tuple[dict[str, Automation], list[Automation]]:
    """One of each name, and the others: two who register at once make it twice, and both act."""
    ordered = sorted(listed, key=lambda one: str(one.id), reverse=True)
    found = {one.name: one for one in ordered}
    return found, [one for one in ordered if one is not found[one.name]]


def automations(
    environment: Environment, deployments: Mapping[str, UUID], channels: Mapping[str, UUID]
) -> list[AutomationCore]:
    """All that an environment's file asks for."""
    return [
        silence(environment),
        *after_drift(environment, deployments[f"deploy/{environment.name}"]),
        *notices(environment, channels),
    ]


def silence(environment: Environment) -> AutomationCore:
    """A run whose process is gone cannot say so; Prefect's server has no such check of its own."""
    seconds = environment.automations.stuck_after
    ends = (f"prefect.flow-run.{end}" for end in ENDS)
    return automation(
        environment,
        "a silent run has crashed",
        f"A run that gave no sign of life for {seconds} s counts as crashed.",
        EventTrigger(
            posture=Posture.Proactive,
            match={"prefect.resource.id": RUNS},
            # A run in a terminal, and a stage inside another one, have no heartbeat of their own.
            match_related=[*tagged(environment), DEPLOYED],
            after={BEGIN, HEARTBEAT},
            expect={HEARTBEAT, *ends},
            for_each={"prefect.resource.id"},
            threshold=1,
            within=timedelta(seconds=seconds),
        ),
        ChangeFlowRunState(
            state=StateType.CRASHED,
            message=f"No sign of life for {seconds} s: its process or its machine is gone. "
            "Run it again; it goes on where it was.",
        ),
    )


def after_drift(environment: Environment, deploy: UUID) -> list[AutomationCore]:
    wanted = environment.automations
    if wanted.drift == "nothing":
        return []
    parameters = {"plan": True} if wanted.drift == "plan" else {}
    severities = " or ".join(wanted.severities)
    return [
        automation(
            environment,
            f"{wanted.drift} after drift",
            f"Drift of severity {severities} is followed by a {wanted.drift}; what would destroy "
            "something waits for a person.",
            EventTrigger(
                match={
                    "prefect.resource.id": RESOURCE + environment.name,
                    "supabase.severity": list(wanted.severities),
                },
                expect={"supabase.drift.detected"},
            ),
            RunDeployment(source="selected", deployment_id=deploy, parameters=parameters),
        )
    ]


def notices(environment: Environment, channels: Mapping[str, UUID]) -> list[AutomationCore]:
    """One automation for each topic that anybody wants to hear of."""
    told: dict[Topic, list[UUID]] = {}
    for one in environment.notify:
        for topic in one.about:
            told.setdefault(topic, []).append(channels[one.to])
    return [
        automation(
            environment,
            f"tell of {topic}",
            f"docs/runbook.md, {topic}",
            heard(environment, NOTICES[topic]),
            *(
                SendNotification(
                    block_document_id=block,
                    subject=f"{environment.name}: {NOTICES[topic].subject}",
                    body=f"{NOTICES[topic].body}{LINK}docs/runbook.md#{topic}",
                )
                for block in blocks
            ),
        )
        for topic, blocks in told.items()
    ]


def heard(environment: Environment, notice: Notice) -> EventTrigger:
    if not notice.of_runs:
        about = {"prefect.resource.id": RESOURCE + environment.name}
        return EventTrigger(match=about, expect=set(notice.events))
    state = {"prefect.state-type": notice.state} if notice.state else {}
    daily = {"within": DAY, "for_each": {DEPLOYMENT}} if notice.at_most_daily else {}
    return EventTrigger(
        match={"prefect.resource.id": RUNS} | state,
        match_related=[*tagged(environment), *([DEPLOYED] if notice.deployed else [])],
        expect=set(notice.events),
        **daily,
    )


def tagged(environment: Environment) -> list[Any]:
    """Runs of this project and this environment: each is a tag of its deployments."""
    return [{"prefect.resource.id": f"prefect.tag.{tag}"} for tag in (MARK, environment.name)]


def automation(
    environment: Environment, name: str, description: str, trigger: EventTrigger, *actions: Any
) -> AutomationCore:
    made = AutomationCore(
        name=f"{environment.name}: {name}",
        description=description,
        tags=[MARK, environment.name],
        trigger=trigger,
        actions=list(actions),
    )
    # An update sends only what was said: the server misses the rest, and refuses an owner.
    return AutomationCore.model_validate(made.model_dump(exclude={"owner_resource"}))
