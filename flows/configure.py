"""The cluster's ground: External Secrets, policies, every secret in its place; and dashboards."""

from collections.abc import Mapping, Sequence
from typing import Any

from flows import seed_secrets
from tasks import (
    access,
    approval,
    catalogue,
    charts,
    database,
    edge,
    external_secrets,
    grafana,
    helm,
    key_vault,
    registry,
    turn,
)
from tasks import environment as environments
from tasks.access import Site
from tasks.catalogue import Consumer
from tasks.charts import Package, Public
from tasks.environment import PROJECT, Environment
from tasks.errors import ConfigError
from tasks.external_secrets import Synced
from tasks.helm import Release
from tasks.key_vault import Sealed
from tasks.registry import Login
from tasks.stage import stage
from tasks.terraform import EdgeController, Foundation
from tasks.wait import patient

OPERATOR = Public("oci://ghcr.io/external-secrets/charts/external-secrets", "2.9.0")
BALANCER = Public("oci://mcr.microsoft.com/application-lb/charts/alb-controller", "1.12.4")
Source = Package | Public

# What S3Proxy has no use for where an identity signs in.
ACCOUNT = ("azure-storage-account-name", "azure-storage-account-key")


@stage
def configure(environment: str) -> Synced:
    """
    Install what Supabase stands on, and wait until the vault's secrets are in the cluster.

    Args:
        environment: Name of a file in deployments/.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        site = access.enter(wanted)
        set_password = patient(database.set_password, wanted.waits.azure)
        publish = patient(grafana.publish, wanted.waits.azure)
        beside: list[Any] = [  # What these wait for is in Azure, not in the cluster.
            set_password.submit(
                str(wanted.subscription),
                site.foundation.resource_group_name,
                site.platform.database_server_name,
                Sealed(site.foundation.vault_uri, "pg-password"),
                wanted.polling.resource,
            ),
            publish.submit(site.platform.grafana_endpoint, drawn(wanted, site)),
        ]
        if site.platform.edge.kind == "appRouting":
            beside.append(
                patient(edge.switch_on, wanted.waits.azure).submit(
                    str(wanted.subscription),
                    site.foundation.resource_group_name,
                    site.platform.cluster_name,
                    wanted.polling.resource,
                )
            )
        groups = base_releases(wanted, site, our_charts(wanted, site.foundation, "platform"))
        agreed(wanted, site, [one for group in groups for one in group])
        patient(helm.install, wanted.waits.webhook)(
            site.cluster,
            *groups,
            timeout=wanted.helm_timeout,
            login=login(wanted, site.foundation),
        )
        synced = secrets_in_place(wanted, site)
        for one in beside:
            one.result()
        return synced


def drawn(wanted: Environment, site: Site) -> dict[str, str]:
    """What dashboards are about: the constants of terraform/modules/observability/dashboards."""
    return {
        "namespace": wanted.namespace,
        "subscription": str(wanted.subscription),
        "group": site.foundation.resource_group_name,
        "database": site.platform.database_server_name,
        "account": site.foundation.storage_account_name,
        "vault": site.foundation.vault_name,
        "workspace": site.foundation.log_analytics_workspace_id,
    }


def secrets_in_place(wanted: Environment, site: Site) -> Synced:
    """Every secret is in the cluster, with the content that the vault has now."""
    content = external_secrets.Source(site.foundation.vault_uri, consumers(wanted), key_vault.read)
    patience = wanted.waits.secret_sync
    sync = patient(external_secrets.sync, patience)
    return sync(site.cluster, wanted.namespace, content, patience.first)


def base_releases(
    wanted: Environment, site: Site, sources: Mapping[str, Source]
) -> tuple[list[Release], list[Release]]:
    """The operator first: the platform chart needs its kinds of objects and its webhook."""
    built = site.foundation
    own_reader(wanted)
    platform = {
        "vaultUrl": built.vault_uri,
        "tenantId": built.tenant_id,
        "identityClientId": built.external_secrets_client_id,
        "externalSecrets": [one.values() for one in consumers(wanted)],
    }
    return [
        Release(
            "external-secrets", "external-secrets", OPERATOR, values(wanted, "external-secrets", {})
        ),
        *edge_releases(wanted, site.platform.edge.controller),
    ], [
        Release(
            "platform",
            wanted.namespace,
            sources["platform"],
            values(wanted, "platform", platform),
            wait=False,  # Its secrets may take minutes; that wait has a task of its own.
        )
    ]


def own_reader(wanted: Environment) -> None:
    """External Secrets reads the vault as itself: what nodes may read, every pod on them may."""
    if values(wanted, "platform", {}).get("identity", "workload") == "kubelet":
        raise ConfigError(
            f"platform.identity is kubelet in {wanted.values}, and nodes get no role on the vault.",
            "Take it out: External Secrets then reads with an identity of its own.",
        )


def agreed(wanted: Environment, site: Site, wished: Sequence[Release]) -> None:
    """With `approval: always`, a person sees what releases would change; new secrets are none."""
    if wanted.approval != "always":
        return
    patience = wanted.waits.run_command
    names = [(one.name, one.namespace) for one in wished]
    standing = patient(helm.standing, patience)(site.cluster, *names)
    same = [standing[one.name].carried_into(one) for one in wished]
    different = [one for one in same if not standing[one.name].is_at(one)]
    if different:
        preview = patient(helm.preview, patience)
        seen = preview(site.cluster, *different, login=login(wanted, site.foundation))
        told = " and ".join(one.name for one in different)
        approval.ask(wanted, f"Install {told} in {wanted.name}?", helm.page(seen))


def edge_releases(wanted: Environment, controller: EdgeController | None) -> list[Release]:
    """What configures Application Gateway for Containers; `release` makes objects of its kinds."""
    if controller is None:
        return []
    given = {
        "namespace": controller.namespace,
        "podIdentity": {"clientID": controller.client_id},
    }
    chosen = values(wanted, "alb-controller", {"albController": given})
    return [Release("alb-controller", controller.namespace, BALANCER, chosen)]


def consumers(wanted: Environment) -> tuple[Consumer, ...]:
    """Who reads which secrets here; the chart's own list is that of a plain environment."""
    without = ACCOUNT if signs_in_by_identity(wanted) else ()
    return catalogue.consumers(seed_secrets.secrets(wanted), without)


def signs_in_by_identity(wanted: Environment) -> bool:
    """Whether S3Proxy needs no key of the storage account."""
    storage = values(wanted, "s3proxy", {}).get("storage") or {}
    return bool(storage.get("signIn") == "workloadIdentity")


def our_charts(wanted: Environment, built: Foundation, *names: str) -> Mapping[str, Source]:
    """Our charts, to be sent with the command, or to be found in the registry."""
    packages = charts.package(*names)
    if wanted.chart_source == "context":
        return packages
    publish = patient(registry.publish, wanted.waits.azure)
    return publish(server(wanted, built), *packages.values())


def login(wanted: Environment, built: Foundation) -> Login | None:
    """How the cluster's helm signs in where it has to pull our charts."""
    return None if wanted.chart_source == "context" else Login(server(wanted, built))


def server(wanted: Environment, built: Foundation) -> str:
    if built.registry_login_server is None:
        raise ConfigError(
            f"{wanted.name} has no registry, and chart_source or images asks for one.",
            "Set registry.enabled in the tfvars and run provision.",
        )
    return built.registry_login_server


def values(wanted: Environment, chart: str, given: dict[str, Any]) -> dict[str, Any]:
    return helm.values_for(PROJECT / wanted.values, chart, given)
