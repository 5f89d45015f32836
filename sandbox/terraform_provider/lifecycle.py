"""
How a resource is created, read, changed and deleted: look first, PUT or PATCH, wait, read again.

Types that Azure treats differently derive from `Lifecycle`, beside their tables in `resources`.
"""

import copy
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider import catalog, resource_ids
from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.errors import IncompleteError, Path, ProviderError
from sandbox.terraform_provider.mapping import Part, Resource, describe
from sandbox.terraform_provider.tree import Node, conform
from sandbox.terraform_provider.values import UNKNOWN, Object, is_zero, known

TOLERATED = (200, 403, 404, 409)  # Answers for a part that leave the rest readable.
UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


@dataclass(frozen=True)
class Type:
    """A resource type as the provider works with it."""

    name: str
    table: Resource
    nodes: tuple[Node, ...]
    timeouts: Object


@dataclass(frozen=True)
class Change:
    """What Terraform asks for."""

    prior: Object | None
    planned: Object
    config: Object

    def changed(self, *attributes: str) -> bool:
        before = self.prior or {}
        return any(before.get(name) != self.planned.get(name) for name in attributes)


@dataclass
class Plan:
    """A plan that a type may still correct."""

    prior: Object | None
    planned: Object
    config: Object
    replacements: list[Path]

    def old(self, dotted: str) -> Any:
        """The value of state at `default_node_pool.0.name`; null and zero are both None."""
        found = bodies.get(self.prior, dotted)
        return None if is_zero(found) else found

    def new(self, dotted: str) -> Any:
        """The planned value; None also where it is not known yet."""
        found = bodies.get(self.planned, dotted)
        return None if found is UNKNOWN or is_zero(found) else found

    def changes(self, dotted: str) -> bool:
        """Whether an existing object gets another value, as far as that is known."""
        known_yet = bodies.get(self.planned, dotted) is not UNKNOWN
        return self.prior is not None and known_yet and self.old(dotted) != self.new(dotted)

    def replace_if(self, dotted: str, condition: bool = True) -> None:
        """Ask for a new object when the value at a path changes and the condition holds."""
        path = tuple(int(part) if part.isdigit() else part for part in dotted.split("."))
        if condition and self.changes(dotted) and path not in self.replacements:
            self.replacements.append(path)

    def refuse_if(self, condition: bool, reason: str) -> None:
        """End the plan, as azurerm does."""
        if condition:
            raise ProviderError(reason)


def seconds(duration: str) -> float:
    """A duration of Go, such as `1h30m0s`."""
    return sum(
        float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|h|m|s)", duration)
    )


def difference(before: Object, after: Object) -> Object:
    """What a PATCH carries: each changed member, and those below `properties` one by one."""
    changed = {
        name: after.get(name)
        for name in {**before, **after}
        if name != "properties" and before.get(name) != after.get(name)
    }
    if before.get("properties") != after.get("properties"):
        one, other = before.get("properties") or {}, after.get("properties") or {}
        changed["properties"] = {
            name: other.get(name) for name in {**one, **other} if one.get(name) != other.get(name)
        }
    return changed


class Lifecycle:
    """What most types do."""

    def __init__(self, kind: Type, azure: Azure) -> None:
        self.kind = kind
        self.table = kind.table
        self.azure = azure

    # --- What a type may do differently ---------------------------------------------------------

    def correct(self, plan: Plan) -> None:
        """Adjust a plan where azurerm has a rule that its schema does not tell."""

    def prepare(self, body: Object, change: Change) -> None:
        """Complete a body before it is sent."""

    def arrange(self, body: Object, prior: Object | None) -> None:
        """Bring Azure's body into the form that the table expects."""

    def finish(self, resource_id: str, change: Change, deadline: float) -> None:
        """Do what is left after the resource itself was written."""

    def identify(self, planned: Object) -> str:
        return self.table.render_id(planned, self.azure.settings.subscription_id)

    def path_of(self, resource_id: str) -> str:
        """Where Azure has the resource, when the id in state says it in another way."""
        return resource_id

    # --- What Terraform asks for ----------------------------------------------------------------

    def read(self, resource_id: str, prior: Object) -> Object | None:
        body = self.fetch(resource_id)
        return None if body is None else self.state(body, prior, resource_id)

    def create(self, change: Change) -> Object:
        resource_id, deadline = self.identify(change.planned), self.deadline("create", change)
        with self.lock(resource_id):
            self.refuse_existing(resource_id)
            body = copy.deepcopy(self.table.body)
            self.fill(body, change)
            try:
                with about("creating", resource_id):
                    self.write(resource_id, body, deadline)
                    self.write_parts(resource_id, {}, body, deadline)
                    self.finish(resource_id, change, deadline)
            except ProviderError as error:
                raise self.kept(error, resource_id, change.planned) from error
            return self.result(resource_id, change.planned)

    def update(self, change: Change) -> Object:
        resource_id, deadline = str((change.prior or {})["id"]), self.deadline("update", change)
        with self.lock(resource_id):
            before = self.fetch(resource_id)
            if before is None:
                raise ProviderError(f"retrieving {describe(resource_id)}: it was not found")
            body = copy.deepcopy(before)
            self.arrange(body, change.prior)
            self.fill(body, change)
            with about("updating", resource_id):
                if self.table.patched:
                    self.amend(resource_id, before, body, deadline)
                else:
                    self.write(resource_id, body, deadline)
                self.write_parts(resource_id, before, body, deadline)
                self.finish(resource_id, change, deadline)
            return self.result(resource_id, change.planned)

    def delete(self, prior: Object) -> None:
        resource_id = prior["id"]
        with self.lock(resource_id), about("deleting", resource_id):
            deadline = self.deadline_of("delete", prior)
            self.azure.delete(self.path_of(resource_id), self.table.api, deadline)

    def imported(self, resource_id: str) -> Object:
        """The little that an id tells; Terraform reads the rest."""
        if self.table.id.startswith("/subscriptions/"):
            refuse_id(
                resource_ids.like(self.table.id, catalog.value_rules().forms.values()), resource_id
            )
        parts = self.table.parse_id(resource_id)
        return conform(self.kind.nodes, {**parts, "id": self.table.canonical_id(resource_id)})

    # --- Steps ----------------------------------------------------------------------------------

    def fetch(self, resource_id: str) -> Object | None:
        """The resource with its parts."""
        with about("retrieving", resource_id):
            body = self.azure.find(self.path_of(resource_id), self.table.api)
            if body is None:
                return None
            for name, part in self.table.parts.items():
                body[name] = self.fetch_part(resource_id, part, body)
            return dict(body)

    def fetch_part(self, resource_id: str, part: Part, body: Object) -> Any:
        path = part.locate(resource_id, body)
        if path is None:
            return None
        api = part.api or self.table.api
        reply = self.azure.call(part.method, path, api, accept=TOLERATED)
        return reply.body if reply.status == TOLERATED[0] else None

    def state(self, body: Object, prior: Object | None, resource_id: str) -> Object:
        self.arrange(body, prior)
        fixed = {**self.table.parse_id(resource_id), "id": resource_id}
        for name, value in fixed.items():  # The letter case of state stays.
            before = (prior or {}).get(name)
            if isinstance(before, str) and before.lower() == str(value).lower():
                fixed[name] = before
        return dict(known(bodies.decode(self.kind.nodes, body, prior, fixed)))

    def result(self, resource_id: str, planned: Object) -> Object:
        found = self.fetch(resource_id)
        if found is None:
            raise ProviderError(f"retrieving {describe(resource_id)}: it was not found")
        return self.state(found, planned, resource_id)

    def refuse_existing(self, resource_id: str) -> None:
        with prefixed(f"checking for presence of existing {describe(resource_id)}"):
            found = self.azure.find(self.path_of(resource_id), self.table.api)
        if found is not None:
            self.refuse(resource_id)

    def refuse(self, resource_id: str) -> NoReturn:
        raise ProviderError(
            f'A resource with the ID "{resource_id}" already exists - to be managed via Terraform '
            "this resource needs to be imported into the State. Please see the resource "
            f'documentation for "{self.kind.name}" for more information.'
        )

    def fill(self, body: Object, change: Change) -> None:
        """Write the planned values, and the secrets of the configuration, into a body."""
        nodes = [node for node in self.kind.nodes if not self.table.is_in_id(node.name)]
        bodies.encode(nodes, with_secrets(nodes, change), body, change.prior)
        for path, value in self.table.always.items():
            bodies.put(body, path, value)
        self.prepare(body, change)

    def write(self, resource_id: str, body: Object, deadline: float) -> None:
        self.send("PUT", resource_id, without_parts(body), deadline)

    def amend(self, resource_id: str, before: Object, body: Object, deadline: float) -> None:
        content = difference(without_parts(before), without_parts(body))
        if content:
            self.send("PATCH", resource_id, content, deadline)

    def send(self, method: str, resource_id: str, content: Object, deadline: float) -> None:
        action = "Update" if method == "PATCH" else "CreateOrUpdate"
        path = self.path_of(resource_id)
        with prefixed(f"performing {action}"):
            reply = self.azure.call(method, path, self.table.api, content)
        with prefixed(f"polling after {action}"):
            self.azure.follow(reply, path, self.table.api, deadline)

    def write_parts(self, resource_id: str, before: Object, body: Object, deadline: float) -> None:
        for name, part in self.table.parts.items():
            path = part.locate(resource_id, body)
            if not part.writable or path is None or body.get(name) == before.get(name):
                continue
            api = part.api or self.table.api
            if body.get(name):
                content = without_parts({"properties": body[name].get("properties")})
                self.azure.change("PUT", path, api, content, deadline)
            else:
                self.azure.delete(path, api, deadline)

    def kept(self, error: ProviderError, resource_id: str, planned: Object) -> ProviderError:
        """The error, with the state of what Azure made before it failed."""
        try:
            found = self.fetch(resource_id)
        except ProviderError:
            found = None
        if found is None:
            return error
        return IncompleteError(error, self.state(found, planned, resource_id))

    def lock(self, resource_id: str) -> AbstractContextManager[None]:
        """One change at a time: to this resource, or to all children of its parent."""
        shared = resource_id.rsplit("/", 2)[0] if self.table.one_at_a_time else resource_id
        return self.azure.locked(shared)

    def deadline(self, operation: str, change: Change) -> float:
        return self.deadline_of(operation, change.planned)

    def deadline_of(self, operation: str, value: Object) -> float:
        """When the operation's time is over, on the monotonic clock."""
        configured = (value.get("timeouts") or {}).get(operation)
        return time.monotonic() + seconds(
            configured or self.kind.timeouts.get(operation) or "30m0s"
        )


def refuse_id(form: resource_ids.Form, resource_id: str) -> None:
    """End an import of what the type cannot be; azurerm looks at the letter case, too."""
    complaint = form.complaint(resource_id)
    if complaint is not None:
        raise ProviderError(complaint)


def with_secrets(nodes: Iterable[Node], change: Change) -> Object:
    """The plan with new write-only values, which stand in the configuration alone."""
    values = dict(change.planned)
    for node in nodes:
        if node.write_only and (change.prior is None or change.changed(f"{node.name}_version")):
            values[node.name] = change.config.get(node.name)
    return values


def without_parts(body: Any) -> Any:
    """What is sent: without the names that only the tables know."""
    if isinstance(body, dict):
        return {
            name: without_parts(value) for name, value in body.items() if not name.startswith("$")
        }
    return [without_parts(element) for element in body] if isinstance(body, list) else body


@contextmanager
def prefixed(text: str) -> Iterator[None]:
    """Say in an error what was being done."""
    try:
        yield
    except ProviderError as error:
        error.summary = f"{text}: {error.summary}"
        raise


def about(verb: str, resource_id: str) -> AbstractContextManager[None]:
    """Say in an error which resource it is about."""
    return prefixed(f"{verb} {describe(resource_id)}")
