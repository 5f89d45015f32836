import gzip
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tasks import helm
from tasks.charts import Package, Public
from tasks.cluster import Answer, Script
from tasks.errors import BusyError, ConfigError, NotReadyError, ToolError
from tasks.helm import Comparison, Release

CHART = Package("platform", "0.1.0", b"chart")


class Recorder:
    """A cluster that answers with a document and a log, and keeps the script."""

    def __init__(self, document: Mapping[str, Any], log: str = "") -> None:
        self.answer = Answer(dict(document), log)
        self.scripts: list[Script] = []

    def run(self, script: Script) -> Answer:
        self.scripts.append(script)
        return self.answer


def test_a_digest_follows_chart_and_values_and_nothing_else() -> None:
    release = Release("platform", "supabase", CHART, {"a": 1, "b": 2})

    assert release.digest == Release("platform", "other", CHART, {"b": 2, "a": 1}).digest
    assert release.digest != Release("platform", "supabase", CHART, {"a": 2, "b": 2}).digest
    assert (
        release.digest
        != Release("platform", "supabase", Package("platform", "0.1.0", b"new"), {"a": 1}).digest
    )


def test_groups_follow_each_other_in_the_list_that_the_script_reads() -> None:
    operator = Release("eso", "eso", Public("oci://ghcr.io/x/eso", "2.9.0"))
    platform = Release("platform", "supabase", CHART, {"a": 1}, wait=False)

    script = helm.releases_script([[operator], [platform]])

    assert script.files["releases.list"].decode().splitlines() == [
        f"eso eso {operator.digest} wait oci://ghcr.io/x/eso 2.9.0",
        "---",
        f"platform supabase {platform.digest} go platform-0.1.0.tgz -",
        "---",
    ]
    assert yaml.safe_load(script.files["platform.values.yaml"]) == {"a": 1}
    assert gzip.decompress(script.files["platform-0.1.0.tgz"]) == b"chart"


@pytest.mark.parametrize("text", ["12e456789012", "123456789012", "0x1f", "1_000", "on", "~"])
def test_a_text_that_looks_like_something_else_stays_a_text(text: str) -> None:
    release = Release("platform", "supabase", CHART, {"hostname": text})

    values = helm.releases_script([[release]]).files["platform.values.yaml"].decode()

    assert values == f'{{"hostname": "{text}"}}'


def test_a_failed_release_is_explained_by_its_own_lines() -> None:
    document = {
        "releases": [{"name": "a", "result": "failed"}, {"name": "b", "result": "deployed"}]
    }
    noise = "Readiness probe failed: connection refused"
    log = f"[a] Error: quota exceeded\n[b] fine\n[why a] Job x failed\n[events] {noise}\n"
    cluster = Recorder(document, log)

    with pytest.raises(ToolError, match="quota exceeded") as caught:
        helm.install.fn(cluster, [Release("a", "x", CHART), Release("b", "x", CHART)])

    assert "fine" not in caught.value.message
    assert "Why, by a's pods:\nJob x failed\n" in caught.value.message
    assert noise in caught.value.message


def test_a_release_whose_pods_cannot_start_any_more_is_not_tried_again() -> None:
    cluster = Recorder(
        {"releases": [{"name": "a", "result": "hopeless"}]},
        "[a] Error: UPGRADE FAILED: context deadline exceeded\n"
        "[why a] Pod a-1, container a: ImagePullBackOff\n",
    )

    with pytest.raises(ToolError, match="pods cannot start") as caught:
        helm.install.fn(cluster, [Release("a", "x", CHART)])

    assert "Pod a-1, container a: ImagePullBackOff" in caught.value.message


def test_a_locked_release_names_the_command_that_may_hold_it() -> None:
    cluster = Recorder(
        {"releases": [{"name": "a", "result": "busy"}]},
        "[a] a is pending-upgrade, and this command may still work on it: command-1",
    )

    with pytest.raises(BusyError, match="command-1") as caught:
        helm.install.fn(cluster, [Release("a", "x", CHART)])

    assert "Pending release" in caught.value.hint


def test_the_sign_in_to_a_registry_travels_as_a_file_of_the_command_only() -> None:
    class Login:
        def file(self) -> bytes:
            return b"a-token"

    cluster = Recorder({"releases": []})

    helm.install.fn(cluster, [], login=Login())

    (script,) = cluster.scripts
    assert script.files["registry.json"] == b"a-token"
    assert "a-token" not in repr(script)


MANIFEST = """
kind: Deployment
metadata: {name: rest}
spec: {replicas: 1, containers: [{name: rest, image: "a:1"}]}
---
kind: ConfigMap
metadata: {name: config}
data: {file: "one\\ntwo"}
"""


def compared(now: str, wanted: str, revision: int = 1) -> Comparison:
    history = [{"revision": n, "status": "superseded", "updated": "2026-01-01"} for n in (1, 2)]
    history.append({"revision": 3, "status": "failed", "updated": "2026-01-02"})
    log = f"::manifest\n{wanted}::manifest\n{now}"
    return helm.compare.fn(Recorder({"history": history}, log), "supabase", "supabase", revision)


def test_what_going_back_changes_is_told_object_by_object() -> None:
    now = MANIFEST.replace("a:1", "a:2").replace("two", "three")

    found = compared(now, MANIFEST)

    assert found.changes == (
        "ConfigMap config: data.file (9 signs) → (7 signs)",
        "Deployment rest: spec.containers[rest].image a:2 → a:1",
    )


def test_what_comes_and_goes_is_told() -> None:
    first, second = MANIFEST.split("---")

    assert compared(first, MANIFEST).changes == ("ConfigMap config comes",)
    assert compared(MANIFEST, second).changes == ("Deployment rest goes",)


@pytest.mark.parametrize("revision", [3, 9])
def test_a_revision_that_never_stood_is_refused_with_those_that_did(revision: int) -> None:
    with pytest.raises(ConfigError, match=f"no revision {revision}") as caught:
        compared(MANIFEST, MANIFEST, revision)

    assert caught.value.hint == "Those that did: 1 (2026-01-01), 2 (2026-01-01)."


def test_a_webhook_that_does_not_answer_yet_is_worth_another_try() -> None:
    cluster = Recorder(
        {"releases": [{"name": "a", "result": "failed"}]},
        '[a] Error: Internal error occurred: failed calling webhook "validate.x"',
    )

    with pytest.raises(NotReadyError, match="admission webhook"):
        helm.install.fn(cluster, [Release("a", "x", CHART)])


def test_values_merge_as_helm_merges_them() -> None:
    merged = helm.merge({"a": {"b": 1, "c": 2}, "l": [1, 2]}, {"a": {"c": 3}, "l": [3], "n": {}})

    assert merged == {"a": {"b": 1, "c": 3}, "l": [3], "n": {}}
