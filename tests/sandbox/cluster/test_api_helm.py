"""Helm 4 against the API: releases in Secrets, server-side apply, ownership."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.charts import OUTPUTS, PROJECT, merged
from tests.sandbox.cluster.conftest import Kube

CHART = """\
apiVersion: v2
name: demo
version: 0.1.0
"""
OBJECTS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: demo}
data:
  color: {{ .Values.color }}
  {{- with .Values.extra }}
  extra: {{ . }}
  {{- end }}
---
apiVersion: v1
kind: Secret
metadata: {name: demo}
stringData: {key: value}
{{- if .Values.account }}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: demo}
{{- end }}
"""
VALUES = "color: red\naccount: true\n"

# The library lives in a process of its own: it brings Go's runtime along.
PROGRAM = """\
import json, sys
import helm_python
steps = json.load(sys.stdin)
config = helm_python.Config(kubeconfig_path=sys.argv[1], namespace=sys.argv[2])
for name, arguments, options in steps:
    try:
        answer = getattr(config, name)(*arguments, **options)
        print(json.dumps({"answer": answer}, default=str))
    except helm_python.HelmError as error:
        print(json.dumps({"error": str(error)}))
"""


class Helm:
    """A chart, and Helm to run it with."""

    def __init__(self, kube: Kube, chart: Path) -> None:
        self.kube = kube
        self.chart = str(chart)

    def __call__(self, *steps: tuple[str, list[Any], dict[str, Any]]) -> list[dict[str, Any]]:
        """Run steps in order; each gives an `answer` or an `error`."""
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(self.kube.kubeconfig), self.kube.namespace],
            input=json.dumps(steps),
            env=self.kube.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def install(self, **values: Any) -> tuple[str, list[Any], dict[str, Any]]:
        return "install", [self.chart, "demo", values], {"wait": "watcher", "timeout": 10}

    def upgrade(self, **values: Any) -> tuple[str, list[Any], dict[str, Any]]:
        return "upgrade", [self.chart, "demo", values], {"wait": "watcher", "timeout": 10}


@pytest.fixture
def helm(kube: Kube, tmp_path: Path) -> Helm:
    (tmp_path / "templates").mkdir()
    (tmp_path / "Chart.yaml").write_text(CHART)
    (tmp_path / "values.yaml").write_text(VALUES)
    (tmp_path / "templates" / "all.yaml").write_text(OBJECTS)
    return Helm(kube, tmp_path)


def test_a_release_is_installed_upgraded_rolled_back_and_removed(helm: Helm) -> None:
    done = helm(
        helm.install(extra="more"),
        helm.upgrade(color="blue", account=False),
        ("rollback", ["demo"], {"version": 1, "wait": "watcher", "timeout": 10}),
        ("history", ["demo"], {}),
    )
    config = helm.kube.http.get(helm.kube.path("configmaps", "demo")).json()
    removed = helm(("uninstall", ["demo"], {"wait": "watcher", "timeout": 10}))

    assert not [each for each in (*done, *removed) if "error" in each]
    assert [each["status"] for each in done[-1]["answer"]] == [
        "superseded",
        "superseded",
        "deployed",
    ]
    assert config["data"] == {"color": "red", "extra": "more"}
    assert helm.kube.http.get(helm.kube.path("configmaps")).json()["items"] == []


def test_an_upgrade_takes_away_what_the_chart_no_longer_wants(helm: Helm) -> None:
    done = helm(helm.install(extra="more"), helm.upgrade(account=False))

    data = helm.kube.http.get(helm.kube.path("configmaps", "demo")).json()["data"]
    account = helm.kube.http.get(helm.kube.path("serviceaccounts", "demo"))
    assert not [each for each in done if "error" in each]
    assert (data, account.status_code) == ({"color": "red"}, 404)


def test_an_upgrade_meets_who_else_changed_a_field(helm: Helm) -> None:
    helm(helm.install())
    helm.kube.kubectl("patch", "configmap", "demo", "-p", '{"data":{"color":"green"}}')

    (refused,) = helm(helm.upgrade(color="blue"))

    assert 'conflict with "kubectl-patch" using v1' in refused["error"]


def test_what_another_owner_made_is_not_adopted(helm: Helm) -> None:
    helm.kube.kubectl("create", "configmap", "demo")

    (refused,) = helm(helm.install())

    assert "cannot be imported into the current release" in refused["error"]


def test_a_value_of_the_wrong_type_stops_the_install(helm: Helm) -> None:
    (refused,) = helm(helm.install(color=True))

    assert ".data.color: expected string" in refused["error"]


# --- The next version of a component ------------------------------------------------------------

LEAST = {
    "database": {"bootstrap": {"enabled": False}},
    "components": {name: {"enabled": False} for name in ("realtime", "imgproxy", "functions")},
}  # No hooks: they would wait for pods.
NEXT = "postgrest/postgrest:v14.18"


def test_a_next_version_that_still_gets_requests_is_not_taken_away(kube: Kube) -> None:
    def trying(weight: int) -> dict[str, Any]:
        return {"rest": {"strategy": "canary", "image": NEXT, "weight": weight}}

    def release(verb: str, **values: Any) -> tuple[str, list[Any], dict[str, Any]]:
        wanted = merged(merged(OUTPUTS["supabase"], LEAST), values)
        return verb, [str(PROJECT / "charts" / "supabase"), "demo", wanted], {"wait": "hookOnly"}

    promoted = {"components": merged(LEAST["components"], {"rest": {"image": NEXT}})}
    installed, refused, without, taken = Helm(kube, PROJECT)(
        release("install", progressive=trying(20)),
        release("upgrade", **promoted),
        release("upgrade", progressive=trying(0), **promoted),
        release("upgrade", **promoted),
    )

    assert not [each for each in (installed, without, taken) if "error" in each]
    assert "20 of 100 requests still go to the next version" in refused["error"]
    assert "weight: 0" in refused["error"]
    assert kube.http.get(kube.path("services", "demo-rest-next")).status_code == 404
    assert kube.http.get(kube.path("services", "demo-rest")).status_code == 200
