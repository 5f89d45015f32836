"""
The tables: one module per Azure provider.

A module has RESOURCES, and where Azure needs special treatment LIFECYCLES and DATA_SOURCES.
"""

from functools import cache
from typing import Any

from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Lifecycle
from sandbox.terraform_provider.mapping import Resource
from sandbox.terraform_provider.resources import (
    agent_pools,
    alerts,
    application_insights,
    authorization,
    communication,
    container_registry,
    container_service,
    convention,
    data_collection,
    data_protection,
    dns,
    gateways,
    governance,
    grafana,
    key_vault,
    key_vault_secret,
    kubernetes_configuration,
    lookups,
    managed_identity,
    network,
    network_children,
    network_interface,
    operational_insights,
    postgresql,
    private_dns,
    private_endpoint,
    service_networking,
    storage,
    storage_policy,
    subscription,
)

MODULES = (
    agent_pools,
    alerts,
    application_insights,
    authorization,
    communication,
    container_registry,
    container_service,
    convention,
    data_collection,
    data_protection,
    dns,
    gateways,
    governance,
    grafana,
    key_vault,
    key_vault_secret,
    kubernetes_configuration,
    lookups,
    managed_identity,
    network,
    network_children,
    network_interface,
    operational_insights,
    postgresql,
    private_dns,
    private_endpoint,
    service_networking,
    storage,
    storage_policy,
    subscription,
)


def collected(name: str) -> dict[str, Any]:
    """What all modules say under one name."""
    return {key: value for module in MODULES for key, value in getattr(module, name, {}).items()}


@cache
def tables() -> dict[str, Resource]:
    return collected("RESOURCES")


@cache
def lifecycles() -> dict[str, type[Lifecycle]]:
    return collected("LIFECYCLES")


@cache
def data_sources() -> dict[str, Any]:
    """Data sources that are more than the resource of the same name, read."""
    return collected("DATA_SOURCES")


@cache
def ephemeral_resources() -> dict[str, Any]:
    return collected("EPHEMERAL_RESOURCES")


def table(type_name: str) -> Resource:
    found = tables().get(type_name)
    if found is None:
        raise ProviderError(
            f"{type_name} is not supported by the sandbox's stand-in for azurerm",
            "It can be validated, but not planned or applied. Add a table to "
            "sandbox/terraform_provider/resources, or use the real provider.",
        )
    return found
