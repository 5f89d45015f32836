"""Ask the platform what a client would ask, and say which answer was wrong."""

from dataclasses import dataclass
from typing import Any

from prefect.artifacts import create_table_artifact

from tasks import wait
from tasks.cluster import Cluster, Script, tail
from tasks.errors import HealthError, NotReadyError
from tasks.step import step

TIMEOUT = 180  # Seconds for the Helm tests: more than `test.deadline` and its moment of grace.


@dataclass(frozen=True)
class Check:
    """One question, the answer that a healthy platform gives, and the one that came."""

    check: str
    ok: bool
    expected: str
    got: str


@step("smoke-test-{release}")
def verify(cluster: Cluster, release: str, namespace: str, environment: str) -> tuple[Check, ...]:
    """Run the release's Helm tests inside the cluster; every check must hold."""
    script = Script(
        "verify",
        environment={
            "RELEASE": release,
            "NAMESPACE": namespace,
            "HELM_TIMEOUT": str(TIMEOUT),
        },
    )
    answer = cluster.run(script)
    checks = read_checks(answer.document)
    if not checks:
        raise NotReadyError(
            f"The smoke test did not run.\n{tail(answer.log)}",
            "docs/runbook.md, 'The smoke test fails'.",
        )
    wait.display(
        create_table_artifact,
        [
            {"check": c.check, "ok": "yes" if c.ok else "NO", "expected": c.expected, "got": c.got}
            for c in checks
        ],
        key=f"smoke-{environment}",
    )
    wrong = [check for check in checks if not check.ok]
    if not wrong and answer.document["code"]:
        raise HealthError(
            f"All {len(checks)} checks hold, and another test of the release failed.\n"
            f"{tail(answer.log)}",
            "docs/runbook.md, 'The smoke test fails'.",
        )
    if wrong:
        lines = [f"{c.check}: expected {c.expected}, got {c.got}" for c in wrong]
        raise HealthError(
            f"{len(wrong)} of {len(checks)} checks failed.\n" + "\n".join(lines),
            "docs/runbook.md, 'The smoke test fails', tells which part answers which check.",
        )
    wait.logger().info("All %d checks hold.", len(checks))
    return checks


def read_checks(document: dict[str, Any]) -> tuple[Check, ...]:
    return tuple(
        Check(line["check"], bool(line["ok"]), str(line["expected"]), str(line["got"]))
        for line in document["checks"]
        if "check" in line
    )
