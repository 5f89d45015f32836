"""What prefect.yaml and the environment files ask of Prefect; pure, and checked."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from tasks.environment import PROJECT, Environment, Frozen, Worker
from tasks.errors import ConfigError

PREFECT_FILE = PROJECT / "prefect.yaml"
MARK = "supabase-on-azure"  # A tag, or the end of a description: what carries it may be pruned.


@dataclass(frozen=True)
class Change:
    """One difference between the files and Prefect, and what became of it."""

    what: Literal["created", "changed", "removed", "left alone"]
    kind: Literal["work pool", "deployment", "channel", "automation"]
    name: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.kind} {self.name}" + (f": {self.why}" if self.why else "")


class Schedule(Frozen):
    """When a deployment starts by itself."""

    cron: str
    timezone: str = "UTC"
    slug: str
    active: bool = True


class Pool(Frozen):
    """The work pool of a deployment."""

    name: str
    job_variables: dict[str, Any] = Field(default={})


class Limit(Frozen):
    """How many runs of one deployment there may be at once, and what becomes of the next."""

    limit: int
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"


class Deployment(Frozen):
    """One entry of prefect.yaml, as far as this project uses its keys."""

    name: str
    entrypoint: str
    description: str
    tags: tuple[str, ...]
    parameters: dict[str, Any]
    work_pool: Pool
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: Limit | None = None

    @property
    def flow(self) -> str:
        """The name of the flow, as in `deploy/dev`."""
        return self.entrypoint.rsplit(".", 1)[1].replace("_", "-")

    @property
    def title(self) -> str:
        return f"{self.flow}/{self.name}"

    @property
    def everywhere(self) -> bool:
        """Whether it belongs to no environment of its own."""
        return "environment" not in self.parameters


class Flow(Frozen):
    """What all deployments of a flow have in common."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    entrypoint: str
    description: str
    schedules: tuple[Schedule, ...] = ()
    concurrency_limit: Limit | None = None


class Definitions(Frozen):
    """The part of prefect.yaml that the entries are made of."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    flows: dict[str, Flow] = Field(min_length=1)


def deployments(environments: Collection[str], path: Path = PREFECT_FILE) -> tuple[Deployment, ...]:
    """
    The entries of prefect.yaml for these environments.

    An environment that prefect.yaml does not name gets every flow, on a pool of its own.
    """
    content = yaml.safe_load(path.read_text())
    try:
        entries = TypeAdapter(tuple[Deployment, ...]).validate_python(content["deployments"])
        flows = Definitions.model_validate(content["definitions"]).flows
    except ValidationError as error:
        raise ConfigError(f"{path.name} is not valid:\n{error}", f"Correct {path}.") from error
    listed = {entry.name for entry in entries}
    others = [name for name in environments if name not in listed]
    return (
        *(one for one in entries if one.everywhere or one.name in environments),
        *(deployed(flow, name) for name in others for flow in flows.values()),
    )


def deployed(flow: Flow, environment: str) -> Deployment:
    return Deployment(
        name=environment,
        entrypoint=flow.entrypoint,
        description=flow.description,
        tags=(MARK, environment),
        parameters={"environment": environment},
        work_pool=Pool(name=f"supabase-{environment}"),
        schedules=flow.schedules,
        concurrency_limit=flow.concurrency_limit,
    )


@dataclass(frozen=True)
class Place:
    """A work pool as the files want it."""

    name: str
    worker: Worker
    said: str  # Where the worker is decided.

    @property
    def variable(self) -> str:
        """Tells who registers the image: what one environment tries is not at once all others'."""
        environment = self.name.removeprefix("supabase-")
        return f"WORKER_IMAGE_{environment.upper().replace('-', '_')}"

    @property
    def description(self) -> str:
        return f"Its worker holds the credentials of this environment and of no other. {MARK}"


def places(
    environments: Collection[Environment], wanted: Collection[Deployment]
) -> tuple[Place, ...]:
    """The pools of the environments, and those that prefect.yaml names besides."""
    own = {
        f"supabase-{one.name}": Place(
            f"supabase-{one.name}", one.worker, f"worker in deployments/{one.name}.yaml"
        )
        for one in environments
    }
    named = {one.work_pool.name for one in wanted} - set(own)
    return (*own.values(), *(Place(one, Worker(), "prefect.yaml") for one in sorted(named)))


def template(place: Place, standing: Mapping[str, Any]) -> dict[str, Any]:
    """
    The base job template of a pool, with the environment's own values as defaults.

    An image that no file names is WORKER_IMAGE_<ENVIRONMENT>, as a pipeline has built it for this
    one, or stays as it is.
    """
    worker = place.worker
    path = PROJECT / "deployments/pools" / f"{worker.kind}.yaml"
    made: dict[str, Any] = yaml.safe_load(path.read_text())
    properties: dict[str, dict[str, Any]] = made["variables"]["properties"]
    if unknown := sorted(set(worker.variables) - set(properties)):
        raise ConfigError(
            f"{place.said} has {', '.join(unknown)} among its variables; a pool of kind "
            f"{worker.kind} knows {', '.join(properties)}.",
            f"Correct it, or add the variable to {path.name}.",
        )
    given = image(place, properties, standing) | worker.variables
    for name, value in given.items():
        properties[name]["default"] = value
    if missing := set(made["variables"].get("required", ())) - set(given):
        raise ConfigError(
            f"{place.said} does not tell {', '.join(sorted(missing))}, which a pool of kind "
            f"{worker.kind} needs.",
            f"Say it among its variables; the image may come from {place.variable} instead.",
        )
    return made


def image(
    place: Place, properties: Mapping[str, Any], standing: Mapping[str, Any]
) -> dict[str, str]:
    before = standing.get("variables", {}).get("properties", {}).get("image", {}).get("default")
    chosen = os.environ.get(place.variable) or before
    return {"image": chosen} if "image" in properties and chosen else {}


def differences(found: Mapping[str, Any], wished: Mapping[str, Any]) -> list[str]:
    """The names of what is not as it should be."""
    return [name for name, value in wished.items() if found.get(name) != value]
