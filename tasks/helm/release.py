"""One release as it should be, and the scripts that bring it there."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tasks.charts import Package, Public
from tasks.cluster import Script
from tasks.errors import ConfigError

TIMEOUT = 200  # Seconds for one release: less than a command in the cluster should last.
MORE = 40  # Seconds for what a command does beside it.
GROUP_END = "---"
REVISIONS = "secretsRevisions"  # The one value that follows from the vault, not from files.


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


@dataclass(frozen=True)
class Standing:
    """What the cluster has of a release; revision 0 is none."""

    revision: int
    status: str
    digest: str
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def is_at(self, release: Release) -> bool:
        """Whether an install would leave it alone."""
        return (self.status, self.digest) == ("deployed", release.digest)

    def carried_into(self, release: Release) -> Release:
        """The release with the secrets that its pods have now: what is left is what files say."""
        old = self.values.get(REVISIONS)
        if old is None or REVISIONS not in release.values:
            return release
        return replace(release, values={**release.values, REVISIONS: old})


def releases_script(
    groups: Sequence[Sequence[Release]],
    timeout: int = TIMEOUT,
    login: bytes = b"",
    name: str = "releases",
) -> Script:
    """One command for all: groups follow each other, the releases of a group run side by side."""
    lines: list[str] = []
    files: dict[str, bytes] = {"registry.json": login} if login else {}
    for group in groups:
        for release in group:
            lines.append(release.line)
            # JSON is YAML in which a string stays one: Helm reads a bare 12e45 as a number.
            files[f"{release.name}.values.yaml"] = json.dumps(dict(release.values)).encode()
            if isinstance(release.chart, Package):
                files[release.chart.file] = release.chart.content
        lines.append(GROUP_END)
    return script(name, lines, timeout, files)


def rollback_script(names: Sequence[str], namespace: str, revision: int, timeout: int) -> Script:
    """Take releases back to a revision, or with 0, if they failed, to what stood before."""
    lines = [f"{name} {namespace} {revision or '-'}" for name in names]
    return script("rollback", lines, timeout, {})


def script(name: str, lines: Sequence[str], timeout: int, files: Mapping[str, bytes]) -> Script:
    listed = {"releases.list": ("\n".join(lines) + "\n").encode()}
    return Script(name, {**files, **listed}, {"HELM_TIMEOUT": str(timeout)}, timeout + MORE)


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
