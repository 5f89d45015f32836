"""What a configured provider does: finds the type, and lets its lifecycle work on Azure."""

import threading
from functools import cache

from sandbox.terraform_provider import catalog, resources
from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.catalog import Kind
from sandbox.terraform_provider.errors import Path, ProviderError
from sandbox.terraform_provider.identity import Settings
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, Type
from sandbox.terraform_provider.mapping import Block, describe
from sandbox.terraform_provider.plan import Planner
from sandbox.terraform_provider.tree import Node, build, conform
from sandbox.terraform_provider.values import Object, known

LOCK = threading.RLock()


@cache
def shape(kind: Kind, type_name: str) -> tuple[Node, ...]:
    """The nodes of a type, with the places of its table where it has one."""
    with LOCK:
        table = resources.tables().get(type_name)
        fields = dict(table.fields) if table else {}
        if kind == "data_source_schemas":
            fields |= dict(table.data) if table else {}
        rules = catalog.rules(type_name) if kind == "resource_schemas" else {}
        block = Block("", fields, inner="properties.")
        return build(catalog.block(kind, type_name), rules, block)


def upgrade(type_name: str, state: Object) -> Object:
    """State of any version in the form of today's schema."""
    return conform(shape("resource_schemas", type_name), state)


class Engine:
    """One configured provider."""

    def __init__(self, configuration: Object) -> None:
        self.azure = Azure(Settings.from_configuration(known(configuration)))
        self.azure.tokens.claims()  # A wrong secret is told before any resource is.

    def lifecycle(self, type_name: str, kind: Kind = "resource_schemas") -> Lifecycle:
        table = resources.table(type_name)
        timeouts = catalog.constraints().get(type_name, {}).get("timeouts") or {}
        made = Type(type_name, table, shape(kind, type_name), timeouts)
        return resources.lifecycles().get(type_name, Lifecycle)(made, self.azure)

    def plan(
        self, type_name: str, config: Object, prior: Object | None
    ) -> tuple[Object, list[Path]]:
        """The planned state, and the paths that ask for a new object."""
        lifecycle = self.lifecycle(type_name)
        planner = Planner(existing=prior is not None)
        planned = planner.object(lifecycle.kind.nodes, config, prior)
        plan = Plan(prior, planned, config, planner.replacements)
        lifecycle.correct(plan)
        return plan.planned, plan.replacements

    def read(self, type_name: str, state: Object) -> Object | None:
        return self.lifecycle(type_name).read(state["id"], state)

    def apply(
        self, type_name: str, prior: Object | None, planned: Object | None, config: Object
    ) -> Object | None:
        """The new state; None after a deletion."""
        lifecycle = self.lifecycle(type_name)
        if planned is None:
            lifecycle.delete(prior or {})
            return None
        change = Change(prior, planned, config)
        return lifecycle.create(change) if prior is None else lifecycle.update(change)

    def imported(self, type_name: str, resource_id: str) -> Object:
        return self.lifecycle(type_name).imported(resource_id)

    def data(self, type_name: str, config: Object) -> Object:
        nodes = shape("data_source_schemas", type_name)
        special = resources.data_sources().get(type_name)
        state = special(self.azure, config) if special else self.looked_up(type_name, config)
        return dict(known(conform(nodes, {**state, "timeouts": config.get("timeouts")})))

    def looked_up(self, type_name: str, config: Object) -> Object:
        """A data source that reads the resource of the same name."""
        lifecycle = self.lifecycle(type_name, "data_source_schemas")
        resource_id = lifecycle.identify(config)
        body = lifecycle.fetch(resource_id)
        if body is None:
            raise ProviderError(f"{describe(resource_id)} was not found")
        return lifecycle.state(body, config, resource_id)

    def ephemeral(self, type_name: str, config: Object) -> Object:
        opened = resources.ephemeral_resources().get(type_name)
        if opened is None:
            raise ProviderError(
                f"ephemeral {type_name} is not supported by the sandbox's stand-in for azurerm",
                "Use ephemeral azurerm_key_vault_secret, or an ephemeral variable.",
            )
        nodes = shape("ephemeral_resource_schemas", type_name)
        return conform(nodes, opened(self.azure, config))
