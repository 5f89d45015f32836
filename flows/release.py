"""Supabase itself: one Helm release that follows the secrets it was started with."""

from tasks import access, charts, external_secrets, helm, terraform, turn
from tasks import environment as environments
from tasks.cluster import Cluster
from tasks.environment import PROJECT, Environment
from tasks.helm import Release
from tasks.stage import stage
from tasks.terraform import Foundation, Platform
from tasks.wait import patient


@stage
def release(environment: str, secrets_revision: str = "") -> None:
    """
    Install or upgrade Supabase; an unchanged release is left alone.

    Args:
        environment: Name of a file in deployments/.
        secrets_revision: Revision of the synced secrets; empty looks it up.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        built = terraform.outputs(terraform.foundation(wanted), Foundation)
        grown = terraform.outputs(terraform.platform(wanted, built), Platform)
        cluster = access.reach(wanted, built.resource_group_name, grown.cluster_name)
        revision = secrets_revision or current(wanted, cluster)
        patient(helm.install, wanted.waits.run_command)(
            cluster, [supabase(wanted, built, grown, revision)]
        )


def current(wanted: Environment, cluster: Cluster) -> str:
    patience = wanted.waits.secret_sync
    sync = patient(external_secrets.sync, patience)
    return sync(cluster, wanted.namespace, patience.first).revision


def supabase(wanted: Environment, built: Foundation, grown: Platform, revision: str) -> Release:
    """A changed secret changes the revision, and with it every pod that read the old one."""
    given = {
        "hostname": wanted.hostname,
        "secretsRevision": revision,
        "database": {"host": grown.database_host, "name": grown.database_name},
        "storage": {"bucket": built.storage_container_name},
    }
    return Release(
        "supabase",
        wanted.namespace,
        charts.package("supabase")["supabase"],
        helm.values_for(PROJECT / wanted.values, "supabase", given),
    )
