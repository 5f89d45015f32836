import gzip
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tasks import helm
from tasks.charts import Package
from tasks.cluster import Answer, Script
from tasks.errors import NotReadyError, ToolError
from tasks.helm import Public, Release

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
    release = Release("platform", "supabase", CHART, {"secretsRevision": text})

    values = helm.releases_script([[release]]).files["platform.values.yaml"].decode()

    assert values == f'{{"secretsRevision": "{text}"}}'


def test_a_failed_release_is_explained_by_its_own_lines() -> None:
    document = {
        "releases": [{"name": "a", "result": "failed"}, {"name": "b", "result": "deployed"}]
    }
    noise = "[events] Readiness probe failed: connection refused"
    cluster = Recorder(document, f"[a] Error: quota exceeded\n[b] fine\n{noise}\n")

    with pytest.raises(ToolError, match="quota exceeded") as caught:
        helm.install.fn(cluster, [Release("a", "x", CHART), Release("b", "x", CHART)])

    assert "fine" not in caught.value.message
    assert noise in caught.value.message


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
