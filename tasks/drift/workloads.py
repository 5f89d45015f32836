"""Pods that are not ready, and autoscalers that have nothing left to give."""

from collections.abc import Iterable, Iterator

from tasks.drift.finding import Finding, Severity


def workloads(lines: Iterable[str], waiting: Iterable[str]) -> Iterator[Finding]:
    """Of `kind namespace name wanted ready`, those that lack pods; `waiting` tells why."""
    pods = [line.split() for line in waiting]
    for line in lines:
        kind, namespace, name, wanted, ready = line.split()
        if int(ready) >= int(wanted):
            continue
        reasons = {
            reason for place, pod, reason in pods if place == namespace and of(pod, name, kind)
        }
        why = f" ({', '.join(sorted(reasons))})" if reasons else ""
        severity: Severity = "warning" if int(ready) else "critical"
        yield Finding(
            "pods-not-ready",
            severity,
            f"{namespace}/{kind}/{name}",
            f"{ready} of {wanted} pods are ready{why}.",
            f"`kubectl describe {kind.lower()} {name} -n {namespace}` in the cluster; "
            "docs/runbook.md, 'A release fails', tells what the reasons mean.",
        )


def of(pod: str, name: str, kind: str) -> bool:
    """Pods bear their workload's name, and one or two words more."""
    if not pod.startswith(f"{name}-"):
        return False
    words = pod.removeprefix(f"{name}-").count("-") + 1
    return words == (2 if kind == "Deployment" else 1)


def scalers(lines: Iterable[str]) -> Iterator[Finding]:
    """Of `namespace name least most present desired`, those at their end."""
    for line in lines:
        namespace, name, *numbers = line.split()
        least, most, present, desired = map(int, numbers)
        if most > least and present >= most and desired >= most:
            yield Finding(
                "scaled-to-max",
                "warning",
                f"{namespace}/HorizontalPodAutoscaler/{name}",
                f"It runs all of its {most} pods and may want more.",
                "Raise the maximum below `autoscaling:` in the values file, and see that the node "
                "pools have room.",
            )
