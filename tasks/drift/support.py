"""How long Azure goes on supporting the versions that run here, and whether they run at all."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from tasks import azure
from tasks.drift.finding import Finding
from tasks.step import step

CLUSTERS, SERVERS = "2025-02-01", "2024-08-01"  # Versions of the interfaces.
RETIRED = {  # Microsoft's version policy for PostgreSQL, which follows the community's dates.
    11: date(2025, 11, 9),
    12: date(2024, 11, 14),
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
}
AHEAD = timedelta(days=180)  # A major upgrade wants to be planned.
UPGRADE = "Set {what} in {tfvars} to one of {offered}, and deploy: docs/runbook.md, 'Drift'."


@step("look-at-kubernetes-version")
def kubernetes(
    subscription: str, location: str, cluster_id: str, tfvars: str
) -> tuple[Finding, ...]:
    """Azure supports a minor version for about a year, with the long-term plan for two."""
    space = f"/subscriptions/{subscription}/providers/Microsoft.ContainerService"
    with azure.translated(f"Kubernetes versions in {location}"):
        cluster = azure.arm(cluster_id, CLUSTERS)
        offers = azure.arm(f"{space}/locations/{location}/kubernetesVersions", CLUSTERS)
    return tuple(judge_kubernetes(cluster or {}, offers or {}, tfvars))


def judge_kubernetes(
    cluster: Mapping[str, Any], offers: Mapping[str, Any], tfvars: str
) -> Iterator[Finding]:
    """Compare what runs with what the cluster's support plan still offers."""
    properties = cluster.get("properties") or {}
    name, version = cluster.get("name", "cluster"), properties.get("currentKubernetesVersion", "")
    where = f"cluster {name}"
    if (properties.get("powerState") or {}).get("code") == "Stopped":
        start = f"`az aks start --ids {cluster.get('id', '')}`"
        yield Finding("cluster-stopped", "critical", where, "It is stopped.", start)
    plan = properties.get("supportPlan") or "KubernetesOfficial"
    offered = sorted(
        (
            str(one["version"])
            for one in offers.get("values", [])
            if plan in ((one.get("capabilities") or {}).get("supportPlan") or [plan])
            and not one.get("isPreview")
        ),
        key=number,
    )
    if not version or not offered:
        return
    minor = ".".join(version.split(".")[:2])
    remedy = UPGRADE.format(what="cluster.version", tfvars=tfvars, offered=", ".join(offered))
    if number(minor) < number(offered[0]):
        what = f"Kubernetes {version} is out of support; {plan} begins at {offered[0]}."
        yield Finding("kubernetes-unsupported", "critical", where, what, remedy)
    elif minor == offered[0] and len(offered) > 1:
        what = f"Kubernetes {version} is the oldest that Azure supports, and the next to leave."
        yield Finding("kubernetes-ageing", "warning", where, what, remedy)


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


@step("look-at-database-version")
def database(
    subscription: str, location: str, server_id: str, tfvars: str, today: date
) -> tuple[Finding, ...]:
    """A major version lives as long as PostgreSQL's community supports it."""
    space = f"/subscriptions/{subscription}/providers/Microsoft.DBforPostgreSQL"
    with azure.translated(f"PostgreSQL versions in {location}"):
        server = azure.arm(server_id, SERVERS)
        offers = azure.arm(f"{space}/locations/{location}/capabilities", SERVERS)
    return tuple(judge_database(server or {}, offers or {}, tfvars, today))


def judge_database(
    server: Mapping[str, Any], offers: Mapping[str, Any], tfvars: str, today: date
) -> Iterator[Finding]:
    """Compare what runs with the region's offers and with the dates of retirement."""
    properties = server.get("properties") or {}
    where, state = f"server {server.get('name', 'database')}", str(properties.get("state") or "")
    if state in ("Stopped", "Disabled", "Dropping"):
        start = f"`az postgres flexible-server start --ids {server.get('id', '')}`"
        yield Finding("database-stopped", "critical", where, f"It is {state}.", start)
    version = str(properties.get("version") or "").partition(".")[0]
    if not version.isdigit():
        return
    known = offers.get("value") or [{}]
    offered = [str(one["name"]) for one in known[0].get("supportedServerVersions") or []]
    newer = [one for one in offered if one.isdigit() and int(one) > int(version)]
    remedy = UPGRADE.format(
        what="database.version", tfvars=tfvars, offered=", ".join(newer) or "the newer ones"
    )
    end = RETIRED.get(int(version))
    if (end and end <= today) or (offered and version not in offered):
        since = f" since {end}" if end else ""
        what = f"PostgreSQL {version} is retired{since}."
        yield Finding("postgresql-retired", "critical", where, what, remedy)
    elif end and end <= today + AHEAD:
        what = f"PostgreSQL {version} retires on {end}."
        yield Finding("postgresql-retiring", "warning", where, what, remedy)
