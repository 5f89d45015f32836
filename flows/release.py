"""Supabase and its S3Proxy: releases that follow the secrets they were started with."""

from typing import Any

from tasks import access, charts, external_secrets, helm, key_vault, terraform, turn
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
    Install or upgrade Supabase and S3Proxy; an unchanged release is left alone.

    Args:
        environment: Name of a file in deployments/.
        secrets_revision: Revision of the synced secrets; empty looks it up.
    """
    wanted = environments.load(environment)
    with turn.hold(wanted):
        built = terraform.outputs(terraform.foundation(wanted), Foundation)
        grown = terraform.outputs(terraform.platform(wanted, built), Platform)
        cluster = access.reach(wanted, built.resource_group_name, grown.cluster_name)
        revision = secrets_revision or current(wanted, built, cluster)
        releases = (s3proxy(wanted, built, revision), supabase(wanted, built, grown, revision))
        patient(helm.install, wanted.waits.health)(cluster, releases)


def current(wanted: Environment, built: Foundation, cluster: Cluster) -> str:
    vault = patient(key_vault.revision, wanted.waits.vault_access)(built.vault_uri)
    patience = wanted.waits.secret_sync
    sync = patient(external_secrets.sync, patience)
    return sync(cluster, wanted.namespace, vault, patience.first).revision


def s3proxy(wanted: Environment, built: Foundation, revision: str) -> Release:
    """S3 in front of Blob; it reads the storage account's key when it starts."""
    given = {
        "secretsRevision": revision,
        "storage": {
            "account": built.storage_account_name,
            "container": built.storage_container_name,
        },
    }
    return packaged(wanted, "s3proxy", given)


def supabase(wanted: Environment, built: Foundation, grown: Platform, revision: str) -> Release:
    """A changed secret changes the revision, and with it every pod that read the old one."""
    given = {
        "hostname": wanted.hostname,
        "secretsRevision": revision,
        "database": {"host": grown.database_host, "name": grown.database_name},
        "storage": {"bucket": built.storage_container_name},
    }
    return packaged(wanted, "supabase", given)


def packaged(wanted: Environment, chart: str, given: dict[str, Any]) -> Release:
    package = charts.package(chart)[chart]
    values = helm.values_for(PROJECT / wanted.values, chart, given)
    return Release(chart, wanted.namespace, package, values)
