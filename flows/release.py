"""Supabase and its S3Proxy: releases that follow the secrets they were started with."""

from typing import Any

from flows.configure import secrets_in_place
from tasks import access, charts, helm, turn
from tasks import environment as environments
from tasks.access import Site
from tasks.environment import PROJECT, Environment
from tasks.helm import Release
from tasks.stage import stage
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
        site = access.enter(wanted)
        revision = secrets_revision or secrets_in_place(wanted, site).revision
        releases = (s3proxy(wanted, site, revision), supabase(wanted, site, revision))
        patient(helm.install, wanted.waits.health)(site.cluster, releases)


def s3proxy(wanted: Environment, site: Site, revision: str) -> Release:
    """S3 in front of Blob; it reads the storage account's key when it starts."""
    given = {
        "secretsRevision": revision,
        "storage": {
            "account": site.foundation.storage_account_name,
            "container": site.foundation.storage_container_name,
        },
    }
    return packaged(wanted, "s3proxy", given)


def supabase(wanted: Environment, site: Site, revision: str) -> Release:
    """A changed secret changes the revision, and with it every pod that read the old one."""
    given = {
        "hostname": wanted.hostname,
        "secretsRevision": revision,
        "database": {"host": site.platform.database_host, "name": site.platform.database_name},
        "storage": {"bucket": site.foundation.storage_container_name},
    }
    return packaged(wanted, "supabase", given)


def packaged(wanted: Environment, chart: str, given: dict[str, Any]) -> Release:
    package = charts.package(chart)[chart]
    values = helm.values_for(PROJECT / wanted.values, chart, given)
    return Release(chart, wanted.namespace, package, values)
