"""What an operator decides about one environment: the checked form of `deployments/<name>.yaml`."""

import difflib
import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from tasks.errors import ConfigError

PROJECT = Path(__file__).parents[1]
# Operators who keep their environments in a repository of their own name its folder here.
ENVIRONMENTS = Path(os.environ.get("SUPABASE_DEPLOYMENTS") or PROJECT / "deployments").absolute()
# Working copies, local state and reports. A worker keeps it on a disk that outlives its runs.
WORK = Path(os.environ.get("SUPABASE_WORK") or PROJECT / ".work").absolute()

# There may be hundreds of files: libyaml reads them ten times as fast, where PyYAML has it.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DELAYS = 50  # Prefect takes no longer list; the last delay of a shorter one repeats.


class Frozen(BaseModel):
    """A value: complete when it exists, equal by content, closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Wait(Frozen):
    """The patience for something that Azure does in its own time, in seconds."""

    first: float = Field(gt=0, description="Pause after the first try.")
    factor: float = Field(default=1.5, ge=1, description="Each pause is this much longer.")
    every: float = Field(gt=0, description="The longest pause between two tries.")
    at_most: float = Field(gt=0, description="After this the run fails and says what it waits for.")
    _kind: str = PrivateAttr("")

    @model_validator(mode="after")
    def _asks_more_than_once(self) -> Self:
        if self.at_most < self.first:
            raise ValueError("at_most is shorter than the first pause: it would ask only once")
        if self.every < self.first:
            raise ValueError("every is shorter than first: pauses grow towards it")
        return self

    @property
    def kind(self) -> str:
        """Its key in `waits:`, so that whoever waits too long knows what to change."""
        return self._kind

    @property
    def pauses(self) -> list[float]:
        """The growing pauses; from the last one on they stay the same."""
        pauses = [self.first]
        while pauses[-1] < self.every and len(pauses) < DELAYS and self.factor > 1:
            pauses.append(min(pauses[-1] * self.factor, self.every))
        return pauses

    @property
    def tries(self) -> int:
        """How many further tries fit into `at_most` when a try itself takes no time."""
        spent, tries, pauses = 0.0, 0, self.pauses
        while spent < self.at_most:
            spent += pauses[min(tries, len(pauses) - 1)]
            tries += 1
        return tries


class Waits(Frozen):
    """One patience for each kind of wait."""

    turn: Wait = Field(description="Until another run of the same environment has finished.")
    state_lock: Wait = Field(description="Until Terraform's state or a Helm release is free.")
    vault_access: Wait = Field(
        description="Until a new role assignment works on the vault, or on the state's storage."
    )
    run_command: Wait = Field(description="Until the cluster takes a command, or knows our role.")
    webhook: Wait = Field(description="Until admission webhooks in the cluster answer.")
    secret_sync: Wait = Field(description="Until External Secrets has copied every secret.")
    azure: Wait = Field(description="Until Azure has ended an operation or a throttling.")
    health: Wait = Field(description="Until the platform answers its smoke test.")
    owner: Wait = Field(
        default=Wait(first=15, every=60, at_most=86_400),
        description="Until an owner has assigned the roles, where `assign_roles` is false.",
    )
    look: Wait = Field(
        default=Wait(first=10, every=30, at_most=120),
        description="Until something that `drift` looks at answers; then it says so and goes on.",
    )

    def model_post_init(self, _context: Any) -> None:
        for kind in type(self).model_fields:
            getattr(self, kind)._kind = kind  # noqa: SLF001 # Each is told its own name here only.


class Polling(Frozen):
    """How often an operation that runs in Azure is asked for, when Azure gives no advice."""

    run_command: float = Field(default=2, gt=0, description="Seconds between two questions.")
    resource: float = Field(default=5, gt=0, description="Seconds between two questions.")


class State(Frozen):
    """Where Terraform keeps what it knows."""

    kind: Literal["local", "azurerm"] = Field(
        default="local", description="`local` keeps it on this machine, `azurerm` in a container."
    )
    resource_group: str = Field(default="", description="Of the state's storage account.")
    storage_account: str = Field(default="", description="Where the state lies.")
    container: str = Field(default="", description="One blob for each stack.")
    location: str = Field(
        default="", description="Region in which `bootstrap` makes the account when it is absent."
    )
    replication: str = Field(default="ZRS", description="Of the account that `bootstrap` makes.")
    allowed: tuple[str, ...] = Field(
        default=(), description="Addresses and ranges that reach the state; all, when empty."
    )
    lock: bool = Field(
        default=True, description="Whether `bootstrap` locks the account against deletion."
    )
    assign_role: bool = Field(
        default=True,
        description="Whether `bootstrap` gives the caller its role; if not, an owner is asked to.",
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        place = (self.resource_group, self.storage_account, self.container)
        if self.kind == "azurerm" and not all(place):
            raise ValueError("azurerm needs resource_group, storage_account and container")
        return self


Topic = Literal[
    "approval-wanted",
    "deploy-failed",
    "deploy-planned",
    "deploy-succeeded",
    "drift-detected",
    "drift-resolved",
    "rotation-failed",
    "run-crashed",
    "run-failed",
    "run-late",
    "secret-rotated",
]
Severity = Literal["info", "warning", "critical"]


class Notify(Frozen):
    """Who hears of what. The address is no secret's place: it comes from a Secret block."""

    to: str = Field(
        pattern=r"^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$",
        description="Name of a channel; its address is in the Prefect Secret block "
        "`notify-<to>`, or in NOTIFY_<TO> of who registers.",
    )
    by: Literal["webhook", "teams", "slack", "email"] = Field(
        description="`email` takes an address as mailtos://user:password@server?to=whom."
    )
    about: tuple[Topic, ...] = Field(
        default=(
            "approval-wanted",
            "deploy-failed",
            "drift-detected",
            "rotation-failed",
            "run-crashed",
            "run-failed",
            "run-late",
        ),
        description="What is told; successes only when asked for.",
    )


class Automations(Frozen):
    """What happens by itself; `register` brings it to Prefect."""

    drift: Literal["nothing", "plan", "deploy"] = Field(
        default="plan",
        description="What follows drift: a plan, or a deploy, which asks before it destroys.",
    )
    severities: tuple[Severity, ...] = Field(default=("critical",), description="Of which drift.")
    stuck_after: int = Field(
        default=540,
        ge=90,
        description="Seconds without a sign of life until a run counts as crashed; three times "
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY.",
    )


class Ignore(Frozen):
    """Drift that somebody has decided to live with, for a while."""

    kind: str = Field(default="*", description="Kind of finding; `*` stands for any text.")
    where: str = Field(default="*", description="Its place, as `drift` shows it; `*` as above.")
    reason: str = Field(min_length=3, description="Why it may stay.")
    until: date = Field(description="The last day; after it the rule is a finding itself.")

    @model_validator(mode="after")
    def _chooses(self) -> Self:
        if not (self.kind + self.where).strip("*"):
            raise ValueError("kind and where match everything: name what may stay")
        return self


class Every(Frozen):
    """After how many days a kind of secret is due; the catalogue's number where none is given."""

    replace: int | None = Field(default=None, ge=1, description="Known to our own services only.")
    accepted: int | None = Field(default=None, ge=1, description="Logins, and S3Proxy's.")
    tokens: int | None = Field(default=None, ge=1, description="The key that signs tokens.")
    account_key: int | None = Field(default=None, ge=1, description="The storage account's.")
    administrator: int | None = Field(default=None, ge=1, description="The database's.")


class Overlap(Frozen):
    """For how many seconds old and new are both accepted."""

    caches: float = Field(
        default=600,
        ge=0,
        description="Before a new key signs: caches outside keep the public keys that long, as "
        "Auth tells them.",
    )
    tokens: float = Field(default=7200, ge=0, description="Never less than an access token lives.")
    api_keys: float = Field(
        default=7 * 86_400, ge=0, description="Clients outside take up the new ones within it."
    )
    logins: float = Field(default=0, ge=0, description="Of services in the database.")
    storage: float = Field(default=0, ge=0, description="Of Storage at S3Proxy.")


class Rotation(Frozen):
    """When secrets are replaced."""

    every: Every = Every()
    overlap: Overlap = Overlap()


class Worker(Frozen):
    """Where the worker of this environment's work pool runs flows."""

    kind: Literal["process", "kubernetes", "azure-container-instance"] = Field(
        default="process", description="The template in deployments/pools that the pool gets."
    )
    variables: dict[str, Any] = Field(
        default={}, description="Of the template: image, identity, subnet, memory and the like."
    )


class Environment(Frozen):
    """One file in `deployments/`, checked."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,19}$", description="Name of the file.")
    subscription: UUID
    hostname: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        description="Name under which clients reach Supabase.",
    )
    tfvars: Path = Field(
        default=Path("vars/dev.tfvars"),
        description="What Terraform reads, relative to terraform/; TFVARS_FILE overrides it.",
    )
    values: Path = Field(description="What Helm reads, relative to the project.")
    namespace: str = Field(default="supabase", pattern=r"^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")
    access: Literal["run-command", "direct"] = Field(
        default="run-command",
        description="`direct` is for a worker inside the network, with kubectl and helm.",
    )
    chart_source: Literal["context", "oci"] = Field(
        default="context",
        description="`context` sends our charts with each command, `oci` publishes them first.",
    )
    images: Literal["published", "import"] = Field(
        default="published",
        description="`import` copies images into the registry, and the cluster pulls from there.",
    )
    helm_timeout: int = Field(
        default=200,
        ge=10,
        le=600,
        description="Seconds for one release; a command in the cluster should last no longer.",
    )
    state: State = State()
    approval: Literal["destructive", "always", "never"] = Field(
        default="destructive", description="Which plans a person must approve."
    )
    approval_timeout: int = Field(
        default=3600, ge=10, description="Seconds to wait for the answer."
    )
    approval_wait: Literal["auto", "pause", "suspend"] = Field(
        default="auto",
        description="While a run waits for an answer, `pause` keeps its worker and its turn; "
        "`suspend` frees both and begins again; `auto` suspends above a quarter of an hour.",
    )
    on_busy: Literal["wait", "refuse"] = Field(
        default="wait", description="What a second run does while one is at work."
    )
    deleted_vault: Literal["recover", "purge"] = Field(
        default="recover",
        description="What a deploy does when the vault's name belongs to a deleted vault of ours.",
    )
    protected: bool = Field(
        default=False,
        description="While this is true, `destroy` refuses, and `provision` what would lose data.",
    )
    provided_secrets: tuple[Annotated[str, Field(pattern=r"^[0-9a-zA-Z-]{1,127}$")], ...] = Field(
        default=(),
        description="Secrets that a person must put into the vault, or into SECRET_<NAME>.",
    )
    sign_in: str = Field(default="", description="How to get credentials; shown when they fail.")
    worker: Worker = Worker()
    notify: tuple[Notify, ...] = Field(default=(), description="Who hears of what.")
    automations: Automations = Automations()
    ignore: tuple[Ignore, ...] = Field(default=(), description="Drift that may stay.")
    rotation: Rotation = Rotation()
    waits: Waits
    polling: Polling = Polling()
    note: str = Field(default="", description="What a reader of the report must know.")

    @model_validator(mode="after")
    def _keeps_its_state(self) -> Self:
        if self.state.kind == "local" and self.worker.kind != "process":
            raise ValueError(
                f"state: a run of a {self.worker.kind} worker leaves no disk behind; write "
                f"state: {{ kind: azurerm, resource_group: supabase-{self.name}-state-rg, "
                "storage_account: …, container: states, location: … }"
            )
        return self

    @property
    def tfvars_file(self) -> Path:
        return Path(os.environ.get("TFVARS_FILE") or self.tfvars)

    @property
    def work(self) -> Path:
        """Where runs of this environment keep plans, working copies and reports."""
        return WORK / self.name


def known() -> list[str]:
    return sorted(file.stem for file in ENVIRONMENTS.glob("*.yaml"))


def load(name: str) -> Environment:
    """Read and check `deployments/<name>.yaml` and the files that it names."""
    path = ENVIRONMENTS / f"{name}.yaml"
    if not path.is_file():
        close = difflib.get_close_matches(name, known(), n=1)
        meant = f"Did you mean {close[0]!r}? " if close else ""
        raise ConfigError(
            f"There is no environment {name!r}.", f"{meant}Known: {', '.join(known()) or 'none'}."
        )
    environment = parse(name, path.read_text(), path)
    for file in (
        PROJECT / "terraform" / environment.tfvars_file,
        PROJECT / environment.values,
    ):
        if not file.is_file():
            raise ConfigError(f"{path.name} names {file}, which is not there.", f"Correct {path}.")
    return environment


def parse(name: str, text: str, path: Path) -> Environment:
    """Check the text of an environment file; complaints name the key and the remedy."""
    try:
        content = yaml.load(text, Loader=LOADER)  # noqa: S506 # A safe one.
    except yaml.YAMLError as error:
        raise ConfigError(f"{path.name} is not YAML: {error}", f"Correct {path}.") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path.name} holds no keys.", f"Correct {path}.")
    if "name" in content:
        raise ConfigError(
            f"{path.name} says name: {content['name']}; an environment is named by its file.",
            f"Remove the key from {path}.",
        )
    try:
        return Environment.model_validate(content | {"name": name})
    except ValidationError as error:
        complaints = "\n".join(f"  {_complaint(problem)}" for problem in error.errors())
        raise ConfigError(f"{path.name} is not valid:\n{complaints}", f"Correct {path}.") from error


def _complaint(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"]) or "file"
    if problem["type"] != "extra_forbidden":
        return f"{where}: {problem['msg']}"
    *parents, key = (str(part) for part in problem["loc"])
    model: type[BaseModel] = Environment
    for parent in parents:  # A list's member is named by its number.
        inner = model.model_fields[parent].annotation if parent in model.model_fields else None
        for one in (inner, *get_args(inner)):
            model = one if isinstance(one, type) and issubclass(one, BaseModel) else model
    close = difflib.get_close_matches(key, model.model_fields, n=1)
    return f"{where}: unknown key" + (f", did you mean {close[0]!r}?" if close else "")
