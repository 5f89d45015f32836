"""What is going on in a cloud, as data: what exists, who may do what, what is under way."""

import math
from collections.abc import Iterator
from typing import Any

from sandbox.app import Cloud
from sandbox.arm import GROUPS
from sandbox.engines.postgresql import engine
from sandbox.store import Resource

ASSIGNMENTS = "microsoft.authorization/roleassignments"
RECENT = 20  # Commands that are told of.


def overview(cloud: Cloud) -> dict[str, Any]:
    """Everything that `sandbox status --json` and the page tell; times left are in seconds."""
    store = cloud.store
    store.settle()
    everything = store.below("")
    return {
        "profile": store.latency.profile,
        "scale": store.latency.scale,
        "seed": store.latency.seed,
        "time": store.timestamp(),
        "tenant": store.tenant,
        "subscription": store.subscription,
        "resources": len([one for one in everything if one.id.group]),
        "groups": groups(cloud, everything),
        "busy": [
            {key: one[key] for key in ("id", "state", "seconds", "until")}
            for one in (describe(cloud, each) for each in everything if each.busy)
        ],
        "access": list(access(cloud)),
        "propagations": propagations(cloud),
        "clusters": clusters(cloud),
        "commands": commands(cloud),
        "weather": cloud.weather.active(),
        "engines": engines(cloud),
    }


def engines(cloud: Cloud) -> dict[str, str]:
    """Where the real servers behind services lie; empty where none is installed."""
    postgresql = next(engine.usable(), None)
    modules = cloud.blobs.modules
    return {
        "postgresql": str(postgresql) if postgresql else "",
        "azurite": str(modules) if modules.is_dir() else "",
    }


def describe(cloud: Cloud, one: Resource) -> dict[str, Any]:
    """One resource; `seconds` is null when nothing is under way."""
    store = cloud.store
    operation = store.operations.get(one.operation) if one.busy else None
    ended = store.operations.get(one.operation)
    failure = ended.failure if ended and one.state == "Failed" else None
    return {
        "id": str(one.id),
        "name": "/".join(one.id.segments[7::2]) or one.name,
        "type": one.kind,
        "location": one.location,
        "state": one.state,
        "seconds": operation.remaining(store.now()) if operation else None,
        "until": store.timestamp(operation.due) if operation else "",
        "failure": f"{failure.code}: {failure.message}" if failure else "",
    }


def groups(cloud: Cloud, everything: list[Resource]) -> list[dict[str, Any]]:
    """Resource groups with what is in them, by id; role assignments are told of as access."""
    found = {
        one.id.key: describe(cloud, one) | {"resources": []}
        for one in everything
        if one.kind == GROUPS
    }
    for one in sorted(everything, key=lambda each: each.id.key):
        group = found.get(one.id.group_id.key) if one.id.group else None
        if group and one.kind != GROUPS and one.kind.lower() != ASSIGNMENTS:
            group["resources"].append(describe(cloud, one))
    return list(found.values())


def access(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Who holds which role where; `everywhere` says whether all of Azure knows it."""
    now = cloud.store.now()
    for grant in cloud.engine.grants.values():
        known = cloud.store.principals.get(grant.principal)
        yield {
            "principal": grant.principal,
            "name": cloud.name_of(grant.principal),
            "kind": known.kind if known else "Unknown",
            "role": grant.role.name,
            "scope": str(grant.scope),
            "change": "granted" if math.isinf(grant.until) else "revoked",
            "everywhere": now >= grant.settled,
        }


def propagations(cloud: Cloud) -> list[dict[str, Any]]:
    """Changes of roles that some servers have not heard of."""
    store, now = cloud.store, cloud.store.now()
    return [
        {
            "principal": grant.principal,
            "name": cloud.name_of(grant.principal),
            "role": grant.role.name,
            "scope": str(grant.scope),
            "change": "granted" if grant.until > now else "revoked",
            "seconds": grant.settled - now,
            "until": store.timestamp(grant.settled),
            "began": store.timestamp(grant.since if grant.until > now else grant.until),
        }
        for grant in cloud.engine.pending()
    ]


def clusters(cloud: Cloud) -> list[dict[str, Any]]:
    """Managed clusters, with the pods of those that run."""
    running = cloud.fleet.running()
    found = []
    for key, cluster in running.items():
        one = cloud.store.find(key)
        if one is None:
            continue
        power = (one.properties.get("powerState") or {}).get("code", "")
        found.append(
            {
                **describe(cloud, one),
                "power": power,
                "version": one.properties.get("kubernetesVersion", ""),
                "host": cluster.settings.fqdn,
                "pods": [pod(body) for body in cluster.objects("pods")],
            }
        )
    return found


def pod(body: dict[str, Any]) -> dict[str, Any]:
    """A pod in few words, as `kubectl get pods` has them."""
    status = body.get("status") or {}
    states = status.get("containerStatuses") or []
    waiting = [(one.get("state") or {}).get("waiting", {}).get("reason", "") for one in states]
    going = "deletionTimestamp" in body["metadata"]
    reason = next((one for one in waiting if one), "") or status.get("phase", "Unknown")
    return {
        "namespace": body["metadata"].get("namespace", ""),
        "name": body["metadata"]["name"],
        "status": "Terminating" if going else reason,
        "ready": sum(1 for one in states if one.get("ready")),
        "containers": len((body.get("spec") or {}).get("containers") or []),
        "restarts": sum(one.get("restartCount", 0) for one in states),
    }


def commands(cloud: Cloud) -> list[dict[str, Any]]:
    """The latest run-commands, newest first; of their text only the program's name."""
    found = []
    for one in reversed(cloud.commands.known()):
        shown = one.show()["properties"]
        words = one.text.split()
        found.append(
            {
                "id": one.id,
                "cluster": one.cluster.name,
                "program": words[0][:40] if words else "",
                "state": shown["provisioningState"],
                "exit": shown.get("exitCode"),
                "reason": shown.get("reason", ""),
                "started": shown["startedAt"],
                "finished": shown.get("finishedAt", ""),
            }
        )
    return found[:RECENT]
