"""Supabase and its S3Proxy: releases that follow the secrets they were started with."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import Field

from flows.configure import Source, agreed, login, our_charts, secrets_in_place, server
from tasks import access, approval, charts, helm, registry, report, turn, wait
from tasks import environment as environments
from tasks.access import Site
from tasks.environment import PROJECT, Environment
from tasks.errors import BusyError, DeployError
from tasks.helm import Release
from tasks.registry import Image
from tasks.stage import stage
from tasks.terraform import Edge
from tasks.wait import patient

CHARTS = ("s3proxy", "supabase")
Ours = Literal["supabase", "s3proxy", "platform", "external-secrets"]  # Releases.
CERTIFICATE = "supabase-tls"  # The Secret that an operator, or cert-manager, fills.
ISTIO = "aks-istio-system"  # Where AKS runs what its own gateways ask for their configuration.
BALANCER = "alb.networking.azure.io"  # Marks what Application Gateway for Containers reads.


@stage
def release(
    environment: str,
    secrets_revisions: dict[str, str] | None = None,
    revision: Annotated[int, Field(ge=0)] = 0,
    name: Ours = "supabase",
) -> None:
    """
    Install or upgrade Supabase and S3Proxy; an unchanged release is left alone.

    An upgrade that fails is taken back to what stood before it. With a revision, nothing is
    installed: the release goes back to it, after a person has seen what that changes.

    Args:
        environment: Name of a file in deployments/.
        secrets_revisions: By Secret, the revision that was synced; without, they are looked up.
        revision: Revision of the past to go back to; 0 brings what the files say.
        name: The release that goes back.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted), report.told(wanted):
        site = access.enter(wanted)
        if revision:
            go_back(wanted, site, name, revision)
            return
        synced = secrets_revisions or secrets_in_place(wanted, site).revisions
        wished = releases(wanted, site, synced)
        agreed(wanted, site, wished)
        bring(wanted, site, wished)
        report.versions(wanted.name, versions(wished))


def releases(wanted: Environment, site: Site, revisions: Mapping[str, str]) -> tuple[Release, ...]:
    """Both as they should be; a changed secret restarts every pod that read the old one."""
    given = values(wanted, site, revisions)
    if wanted.images == "import":
        import_images(wanted, site, given)
    return composed(wanted, our_charts(wanted, site.foundation, *CHARTS), given)


def composed(
    wanted: Environment, sources: Mapping[str, Source], given: Mapping[str, dict[str, Any]]
) -> tuple[Release, ...]:
    return tuple(Release(chart, wanted.namespace, sources[chart], given[chart]) for chart in CHARTS)


def values(
    wanted: Environment, site: Site, revisions: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """What each chart is told: its part of the values file, what Terraform built, its secrets."""
    given: dict[str, dict[str, Any]] = {
        "s3proxy": {
            "storage": {
                "account": site.foundation.storage_account_name,
                "container": site.foundation.storage_container_name,
                "clientId": site.foundation.s3proxy_client_id,
            },
        },
        "supabase": {
            "hostname": wanted.hostname,
            "database": {"host": site.platform.database_host, "name": site.platform.database_name},
            "storage": {"bucket": site.foundation.storage_container_name},
            "edge": edge(wanted, site.platform.edge),
        },
    }
    for chart in CHARTS:
        given[chart]["secretsRevisions"] = read_by(chart, revisions)
        if wanted.images == "import":
            given[chart]["images"] = {"registry": server(wanted, site.foundation)}
    return {
        chart: helm.values_for(PROJECT / wanted.values, chart, given[chart]) for chart in CHARTS
    }


def read_by(chart: str, revisions: Mapping[str, str]) -> dict[str, str]:
    """Those of its own Secrets: what the other chart reads is no reason to touch this one."""
    return {
        secret: revision
        for secret, revision in revisions.items()
        if chart == (secret if secret in CHARTS else "supabase")
    }


def edge(wanted: Environment, built: Edge) -> dict[str, Any]:
    """How clients get in: what Terraform built decides, and the environment's values win."""
    chosen = helm.values_for(PROJECT / wanted.values, "supabase", {}).get("edge", {})
    elsewhere = chosen.get("kind", "httpRoute") != "httpRoute" or (
        chosen.get("httpRoute", {}).get("gateway")
    )
    if built.kind == "none" or elsewhere:
        return dict(chosen)
    create: dict[str, Any] = {"className": built.gateway_class, "tlsSecret": CERTIFICATE}
    derived: dict[str, Any] = {"kind": "httpRoute", "httpRoute": {"create": create}}
    if built.kind == "appRouting":
        create["controlPlane"] = ISTIO
    else:
        create["annotations"] = {f"{BALANCER}/alb-id": built.gateway_id}
        create["addresses"] = [{"type": f"{BALANCER}/alb-frontend", "value": built.frontend}]
        derived["cidrs"] = [built.cidr]
        derived["applicationGateway"] = {
            "enabled": True,
            "firewallPolicy": built.waf_policy_id or "",
        }
    return helm.merge(derived, chosen)


def import_images(wanted: Environment, site: Site, given: Mapping[str, dict[str, Any]]) -> None:
    """Every image that the charts start is in the registry; those that are missing come at once."""
    patience, place = wanted.waits.azure, server(wanted, site.foundation)
    missing = patient(registry.lacking, patience)(place, images(given))
    fetch, into = patient(registry.fetch, patience), str(site.foundation.registry_id)
    coming = [fetch.submit(into, image, wanted.polling.resource) for image in missing]
    for one in coming:
        one.result()


def images(given: Mapping[str, dict[str, Any]]) -> list[Image]:
    """Every image that the charts start."""
    named = {image for chart in CHARTS for image in charts.images(chart, given[chart])}
    return [Image(name) for name in sorted(named)]


def versions(wished: Sequence[Release]) -> dict[str, str]:
    """Of our charts, and of every image that they start."""
    told = {f"chart {one.name}": one.chart.version for one in wished}
    named = sorted({image for one in wished for image in charts.images(one.name, one.values)})
    return told | {Image(name).repository: Image(name).tag for name in named}


def bring(wanted: Environment, site: Site, wished: Sequence[Release]) -> None:
    """What cannot be brought goes back to what stood before; why it failed was read first."""
    install = patient(helm.install, wanted.waits.health)
    try:
        install(
            site.cluster,
            wished,
            timeout=wanted.helm_timeout,
            login=login(wanted, site.foundation),
        )
    except BusyError:
        raise  # Somebody else is at work on it.
    except DeployError as error:
        with suppress(DeployError):  # What made the release fail is the one to be told.
            back = helm.take_back(site.cluster, wished, wanted.helm_timeout)
            for name, revision in back.items():
                error.also(f"{name} is back at revision {revision}, as it was before.")
        raise


def go_back(wanted: Environment, site: Site, name: str, revision: int) -> None:
    """As with a plan that destroys: shown, agreed to, done."""
    compare = patient(helm.compare, wanted.waits.run_command)
    comparison = compare(site.cluster, name, wanted.namespace, revision)
    wait.logger().info("%s", comparison.markdown())
    approval.ask(wanted, f"Take {name} back to revision {revision}?", comparison.markdown())
    roll_back = patient(helm.roll_back, wanted.waits.health)
    roll_back(site.cluster, name, wanted.namespace, revision, wanted.helm_timeout)
