"""The form of a `coverage.yaml`: closed, so that a misspelled key is found at once."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sandbox import arm
from sandbox.resource_type import VERBS

ROOT = Path(__file__).parents[1]
NAME = "coverage.yaml"

State = Literal["implemented", "partial", "refused"]
Fidelity = Literal["verified", "reported", "recalled", "inferred", "unverified"]
Key = tuple[str, str]
"""A host, and there `VERB /path` as registered, or `VERB Microsoft.X/type`."""


class CoverageError(Exception):
    """A table that cannot be read; the message names the file."""


def several(value: object) -> object:
    """One word stands for a list of one."""
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(several)]


class Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Operation(Row):
    """Something that a client can ask for."""

    operation: str = Field(description="As people write it.")
    state: State
    fidelity: Fidelity = Field(description="Of its weakest part that matters.")
    note: str = ""
    host: str = Field(default="", description="Where it differs from the service's.")
    of: str = Field(default="", description="The operation of this table that it is a part of.")
    routes: Words = Field(default=(), description="As registered: `GET /secrets/{name}`.")
    type: Words = Field(default=(), description="Resource types that stand for their routes.")
    verbs: Words = Field(default=(), description="Of the types; all five when nothing is said.")
    actions: Words = Field(default=(), description="Of the types: POST by name, as listKeys.")

    def claims(self, service_host: str) -> set[Key]:
        """The routes that this entry speaks for."""
        verbs = self.verbs or (() if self.actions else VERBS)
        words = [*verbs, *(f"POST {action}" for action in self.actions)]
        return {(self.host or service_host, one) for one in self.routes} | {
            (arm.HOST, f"{word} {kind}") for kind in self.type for word in words
        }


class Refusal(Row):
    """An error answer that is worth knowing."""

    code: str
    when: str
    fidelity: Fidelity


class Service(Row):
    """One `coverage.yaml`."""

    service: str
    host: str
    note: str = ""
    operations: tuple[Operation, ...]
    refusals: tuple[Refusal, ...] = ()
    file: str = Field(default="", exclude=True)


def load(root: Path = ROOT) -> list[Service]:
    """Every table below a folder, by the name of its service."""
    found = []
    for path in root.rglob(NAME):
        name = str(path.relative_to(root.parent))
        try:
            found.append(Service.model_validate({**yaml.safe_load(path.read_text()), "file": name}))
        except (ValidationError, yaml.YAMLError, TypeError) as error:
            raise CoverageError(f"{name} is not a coverage table:\n{error}") from error
    return sorted(found, key=lambda one: one.service.lower())
