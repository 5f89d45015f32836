"""Bring Helm releases to the wanted state through the cluster's own helm."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasks import wait
from tasks.charts import Package
from tasks.cluster import Cluster, Script, complaint
from tasks.errors import ConfigError
from tasks.step import step

HELM_TIMEOUT = 200  # Seconds for one release: less than a command in the cluster should last.
GROUP_END = "---"


@dataclass(frozen=True)
class Public:
    """A chart of somebody else, pulled by the cluster from its public registry."""

    reference: str
    version: str


@dataclass(frozen=True)
class Release:
    """One release as it should be."""

    name: str
    namespace: str
    chart: Package | Public
    values: Mapping[str, Any] = field(default_factory=dict)
    wait: bool = True

    @property
    def digest(self) -> str:
        """Equal for equal chart and values; the cluster keeps it as a label of the release."""
        chart = (
            self.chart.digest
            if isinstance(self.chart, Package)
            else f"{self.chart.reference}@{self.chart.version}"
        )
        text = json.dumps([chart, dict(self.values)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def line(self) -> str:
        """This release in the list that `releases.sh` reads."""
        if isinstance(self.chart, Package):
            chart, version = self.chart.file, "-"
        else:
            chart, version = self.chart.reference, self.chart.version
        mode = "wait" if self.wait else "go"
        return f"{self.name} {self.namespace} {self.digest} {mode} {chart} {version}"


def releases_script(groups: Sequence[Sequence[Release]]) -> Script:
    """One command for all: groups follow each other, the releases of a group run side by side."""
    lines: list[str] = []
    files: dict[str, bytes] = {}
    for group in groups:
        for release in group:
            lines.append(release.line)
            # JSON is YAML in which a string stays one: Helm reads a bare 12e45 as a number.
            files[f"{release.name}.values.yaml"] = json.dumps(dict(release.values)).encode()
            if isinstance(release.chart, Package):
                files[release.chart.file] = release.chart.content
        lines.append(GROUP_END)
    files["releases.list"] = ("\n".join(lines) + "\n").encode()
    return Script("releases", files, {"HELM_TIMEOUT": str(HELM_TIMEOUT)})


@step("install-releases")
def install(cluster: Cluster, *groups: Sequence[Release]) -> dict[str, str]:
    """Install or upgrade what differs; says of each release `deployed` or `unchanged`."""
    answer = cluster.run(releases_script(groups))
    results = {entry["name"]: entry["result"] for entry in answer.document["releases"]}
    for name, result in results.items():
        wait.logger().info("Release %s: %s.", name, result)
    fresh = [name for name, result in results.items() if result == "deployed"]
    if fresh:
        wait.changed("**Helm**: deployed " + ", ".join(fresh))
    failed = [name for name, result in results.items() if result == "failed"]
    if failed:
        own, events = (
            [line for line in answer.log.splitlines() if line.startswith(marks)]
            for marks in (tuple(f"[{name}]" for name in failed), ("[events]",))
        )
        error = complaint(f"helm upgrade of {', '.join(failed)} failed", "\n".join(own))
        # Probes complain in events while a pod starts: to be read, not to be judged by.
        raise type(error)("\n".join([error.message, *events]), error.hint)
    return results


def values_for(path: Path, chart: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The chart's part of an environment's values file, completed by what Terraform built."""
    content = yaml.safe_load(path.read_text()) or {}
    if not isinstance(content, dict):
        raise ConfigError(f"{path} holds no values.", "It needs one key for each chart.")
    return merge(content.get(chart) or {}, given)


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Helm's own rule: maps merge, everything else is replaced."""
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = merge(old or {}, value) if both else value
    return merged
