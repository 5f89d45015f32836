"""Fields that take a few words only, or no negative numbers, wherever their type appears."""

import functools
from collections.abc import Iterator
from typing import Any

from sandbox.cluster.api import messages
from sandbox.cluster.api.errors import Cause, unsupported, wrong
from sandbox.cluster.api.kinds import Kind

Object = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
EFFECTS = ("NoExecute", "NoSchedule", "PreferNoSchedule")
POLICIES = ("Cluster", "Local")

# Message and field -> the words, in the order in which a refusal lists them.
WORDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("Container", "terminationMessagePolicy"): ("FallbackToLogsOnError", "File"),
    ("ContainerPort", "protocol"): PROTOCOLS,
    ("CronJobSpec", "concurrencyPolicy"): ("Allow", "Forbid", "Replace"),
    ("DaemonSetUpdateStrategy", "type"): ("OnDelete", "RollingUpdate"),
    ("HTTPGetAction", "scheme"): ("HTTP", "HTTPS"),
    ("JobSpec", "completionMode"): ("Indexed", "NonIndexed"),
    ("NetworkPolicyPort", "protocol"): PROTOCOLS,
    ("NetworkPolicySpec", "policyTypes"): ("Egress", "Ingress"),
    ("PersistentVolumeClaimSpec", "accessModes"): (
        "ReadOnlyMany",
        "ReadWriteMany",
        "ReadWriteOnce",
        "ReadWriteOncePod",
    ),
    ("PersistentVolumeClaimSpec", "volumeMode"): ("Block", "Filesystem"),
    ("PodSpec", "dnsPolicy"): ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    ("PodSpec", "preemptionPolicy"): ("Never", "PreemptLowerPriority"),
    ("SeccompProfile", "type"): ("Localhost", "RuntimeDefault", "Unconfined"),
    ("ServicePort", "protocol"): PROTOCOLS,
    ("ServiceSpec", "externalTrafficPolicy"): POLICIES,
    ("ServiceSpec", "internalTrafficPolicy"): POLICIES,
    ("ServiceSpec", "sessionAffinity"): ("ClientIP", "None"),
    ("StatefulSetSpec", "podManagementPolicy"): ("OrderedReady", "Parallel"),
    ("StatefulSetUpdateStrategy", "type"): ("OnDelete", "RollingUpdate"),
    ("Subject", "kind"): ("Group", "ServiceAccount", "User"),
    ("Taint", "effect"): EFFECTS,
    ("Toleration", "effect"): EFFECTS,
    ("Toleration", "operator"): ("Equal", "Exists"),
    ("TopologySpreadConstraint", "whenUnsatisfiable"): ("DoNotSchedule", "ScheduleAnyway"),
}
NOT_NEGATIVE = {
    ("CronJobSpec", "failedJobsHistoryLimit"),
    ("CronJobSpec", "successfulJobsHistoryLimit"),
    ("DeploymentSpec", "minReadySeconds"),
    ("DeploymentSpec", "progressDeadlineSeconds"),
    ("DeploymentSpec", "revisionHistoryLimit"),
    ("JobSpec", "activeDeadlineSeconds"),
    ("JobSpec", "backoffLimit"),
    ("JobSpec", "completions"),
    ("JobSpec", "parallelism"),
    ("JobSpec", "ttlSecondsAfterFinished"),
    ("Probe", "failureThreshold"),
    ("Probe", "initialDelaySeconds"),
    ("Probe", "periodSeconds"),
    ("Probe", "successThreshold"),
    ("Probe", "timeoutSeconds"),
}
SIGN = "must be greater than or equal to 0"


def check(kind: Kind, body: Object) -> Iterator[Cause]:
    """Everything in an object that is none of the words, or below zero."""
    message = messages.message_of(kind.api_version, kind.name)
    if message and not kind.custom:
        content = {name: body[name] for name in body if name not in ("metadata", "status")}
        yield from _message(message, content, "")


def _message(message: str, body: Object, path: str) -> Iterator[Cause]:
    fields, owner = messages.named(message), message.rpartition(".")[2]
    for name in _concerned(message):
        value = body.get(name)
        if value is None:
            continue
        field = fields[name]
        inner = f"{path}.{name}" if path else name
        values = value if field.repeated and isinstance(value, list) else [value]
        for index, each in enumerate(values):
            where = f"{inner}[{index}]" if field.repeated else inner
            if isinstance(each, dict) and not field.values:
                yield from _message(field.type, each, where)
            elif isinstance(each, str) and each and each not in WORDS.get((owner, name), (each,)):
                yield unsupported(where, each, WORDS[owner, name])
            elif isinstance(each, int) and each < 0 and (owner, name) in NOT_NEGATIVE:
                yield wrong(where, each, SIGN)


@functools.cache
def _concerned(message: str) -> tuple[str, ...]:
    """The fields of a message that have a constraint, or something with one inside."""
    return tuple(
        name
        for name, field in messages.named(message).items()
        if _is_constrained(message, name)
        or any(_is_constrained(*each) for each in _within(field.type, frozenset()))
    )


def _is_constrained(message: str, name: str) -> bool:
    place = (message.rpartition(".")[2], name)
    return place in WORDS or place in NOT_NEGATIVE


def _within(message: str, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every field of a message and of what it holds; schemas hold schemas, once is enough."""
    if message in OTHERWISE or message.startswith("map:") or message in seen:
        return
    for name, field in messages.named(message).items():
        yield message, name
        yield from _within(field.type, seen | {message})


OTHERWISE = messages.SCALARS | messages.OPAQUE | messages.TIMES.keys()
