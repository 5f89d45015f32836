"""Deployments: what a flow needs to be started from the UI, by a schedule or by an event."""

import importlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterTags
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.callables import parameter_schema

from tasks.register.pages import all_of
from tasks.register.wanted import MARK, Change, Deployment, differences
from tasks.step import step


@step("deployments")
def bring(wanted: Sequence[Deployment], *, prune: bool) -> tuple[dict[str, UUID], list[Change]]:
    """Create and update the deployments; return their ids by title, and what was changed."""
    ids: dict[str, UUID] = {}
    changes: list[Change] = []
    with get_client(sync_client=True) as client:
        found = {title(one): one for one in marked(client)}
        for deployment in wanted:
            flow = loaded(deployment)
            there = found.get(deployment.title)
            if there is None:
                ids[deployment.title] = apply(client, deployment, flow)
                changes.append(Change("created", "deployment", deployment.title))
                continue
            ids[deployment.title] = there.id
            if other := differences(observed(there), wished(deployment, flow)):
                apply(client, deployment, flow)
                changes.append(Change("changed", "deployment", deployment.title, ", ".join(other)))
        for name in sorted(set(found) - set(ids)) if prune else ():
            client.delete_deployment(found[name].id)
            changes.append(Change("removed", "deployment", name, "no file asks for it"))
    return ids, changes


def loaded(deployment: Deployment) -> Flow[..., Any]:
    module, name = deployment.entrypoint.rsplit(".", 1)
    flow: Flow[..., Any] = getattr(importlib.import_module(module), name)
    return flow


def wished(deployment: Deployment, flow: Flow[..., Any]) -> dict[str, Any]:
    """In the form of `observed`."""
    limit = deployment.concurrency_limit
    return {
        "entrypoint": deployment.entrypoint,
        "description": deployment.description,
        "tags": sorted(deployment.tags),
        "parameters": deployment.parameters,
        "form": form(deployment, flow),
        "work pool": deployment.work_pool.name,
        "job variables": deployment.work_pool.job_variables,
        "schedules": sorted(
            (one.slug, one.cron, one.timezone, one.active) for one in deployment.schedules
        ),
        "concurrency": (limit.limit, limit.collision_strategy) if limit else None,
        "pull steps": [],
    }


def form(deployment: Deployment, flow: Flow[..., Any]) -> dict[str, Any]:
    """What the UI asks; a deployment of one environment takes no other one."""
    asked = parameter_schema(flow).model_dump(mode="json")
    for name, value in deployment.parameters.items():
        asked["properties"][name] |= {"enum": [value], "default": value}
    # Prefect's own command leaves out what is empty.
    return {key: part for key, part in asked.items() if part or key == "properties"}


def observed(deployment: DeploymentResponse) -> dict[str, Any]:
    """What a person, an older release or `prefect deploy` has left there."""
    limit, options = deployment.global_concurrency_limit, deployment.concurrency_options
    return {
        "entrypoint": deployment.entrypoint,
        "description": deployment.description,
        "tags": sorted(deployment.tags),
        "parameters": deployment.parameters,
        "form": deployment.parameter_openapi_schema,
        "work pool": deployment.work_pool_name,
        "job variables": deployment.job_variables,
        "schedules": sorted(
            (one.slug or "", one.schedule.cron, one.schedule.timezone or "UTC", one.active)
            if isinstance(one.schedule, CronSchedule)
            else (one.slug or "", type(one.schedule).__name__, "", one.active)
            for one in deployment.schedules
        ),
        "concurrency": (
            (limit.limit, options.collision_strategy.value if options else "ENQUEUE")
            if limit
            else None
        ),
        "pull steps": deployment.pull_steps or [],
    }


def apply(client: SyncPrefectClient, deployment: Deployment, flow: Flow[..., Any]) -> UUID:
    """Create or replace it; whether somebody has paused it stays as it is."""
    limit = deployment.concurrency_limit
    strategy = {"collision_strategy": limit.collision_strategy} if limit else None
    return client.create_deployment(
        client.create_flow(flow),
        deployment.name,
        entrypoint=deployment.entrypoint,
        description=deployment.description,
        tags=list(deployment.tags),
        parameters=deployment.parameters,
        parameter_openapi_schema=form(deployment, flow),
        enforce_parameter_schema=True,
        work_pool_name=deployment.work_pool.name,
        job_variables=deployment.work_pool.job_variables,
        schedules=[
            DeploymentScheduleCreate(
                schedule=CronSchedule(cron=one.cron, timezone=one.timezone),
                slug=one.slug,
                active=one.active,
            )
            for one in deployment.schedules
        ],
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=ConcurrencyOptions.model_validate(strategy) if strategy else None,
        pull_steps=[],  # The project is installed where the worker runs.
        path=".",
    )


def marked(client: SyncPrefectClient) -> list[DeploymentResponse]:
    """All that carry our tag."""
    ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[MARK]))
    return all_of(
        lambda limit, offset: client.read_deployments(
            deployment_filter=ours, limit=limit, offset=offset
        )
    )


def title(deployment: DeploymentResponse) -> str:
    """As in `deploy/dev`; the entrypoint tells the flow without another question."""
    function = (deployment.entrypoint or "").rsplit(".", 1)[-1]
    return f"{function.replace('_', '-')}/{deployment.name}"
