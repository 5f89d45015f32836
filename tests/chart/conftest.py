"""Charts rendered as Helm renders them, with what the environments and Terraform tell them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
NAMES = ("platform", "s3proxy", "supabase")
ENVIRONMENTS = ("dev", "sandbox")

# What the deployer adds from Terraform's outputs.
OUTPUTS: dict[str, dict[str, Any]] = {
    "platform": {
        "vaultUrl": "https://supabase-dev-kv.vault.azure.net/",
        "tenantId": "00000000-0000-0000-0000-00000000cafe",
        "identityClientId": "00000000-0000-0000-0000-00000000beef",
    },
    "s3proxy": {"storage": {"account": "supabasedevstg", "container": "supabase"}},
    "supabase": {
        "hostname": "supabase.example.com",
        "database": {"host": "supabase-dev-pg.postgres.database.azure.com", "name": "supabase"},
    },
}

Values = Mapping[str, Any]
Object = dict[str, Any]


class RefusedError(Exception):
    """Helm refused the values or the templates; the text is what an operator reads."""


@dataclass(frozen=True)
class Rendering:
    """What one release would bring into the cluster."""

    texts: dict[str, str]

    @property
    def manifests(self) -> dict[str, str]:
        return {
            name: text.strip().removeprefix("---").lstrip()
            for name, text in sorted(self.texts.items())
            if text.strip() and not name.endswith("NOTES.txt")
        }

    @property
    def manifest(self) -> str:
        """All objects as one text, in a fixed order."""
        return "".join(f"---\n# {name}\n{text}\n" for name, text in self.manifests.items())

    @property
    def notes(self) -> str:
        return next(text for name, text in self.texts.items() if name.endswith("NOTES.txt"))

    @cached_property
    def objects(self) -> list[Object]:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        return [item for item in yaml.load_all(self.manifest, loader) if item]

    def kind(self, kind: str) -> dict[str, Object]:
        """Objects of this kind by name."""
        found = (item for item in self.objects if item["kind"] == kind)
        return {item["metadata"]["name"]: item for item in found}

    def files(self, name: str) -> dict[str, str]:
        """The files of a ConfigMap."""
        found: dict[str, str] = self.kind("ConfigMap")[name]["data"]
        return found

    def pods(self) -> dict[str, Object]:
        """Specs of the pods that Deployments and Jobs start, by name of their owner."""
        owners = {**self.kind("Deployment"), **self.kind("Job")}
        return {name: owner["spec"]["template"]["spec"] for name, owner in owners.items()}

    def environment(self, deployment: str) -> list[dict[str, Any]]:
        """The environment entries of a Deployment's container, in their order."""
        entries: list[dict[str, Any]] = self.pods()[deployment]["containers"][0]["env"]
        return entries


def merged(base: Values, over: Values) -> dict[str, Any]:
    """Helm's own rule: maps merge, everything else is replaced."""
    both = {key: (base.get(key), value) for key, value in over.items()}
    return {
        **base,
        **{
            key: merged(old, new) if isinstance(old, Mapping) and isinstance(new, Mapping) else new
            for key, (old, new) in both.items()
        },
    }


class Charts:
    """Our charts, and Helm to render them."""

    def __init__(self, helm: "subprocess.Popen[str]") -> None:
        self.helm = helm

    def ask(self, request: dict[str, Any]) -> Any:
        assert self.helm.stdin is not None
        assert self.helm.stdout is not None
        print(json.dumps(request), file=self.helm.stdin, flush=True)
        reply = json.loads(self.helm.stdout.readline())
        if "refused" in reply:
            raise RefusedError(reply["refused"])
        return reply["answer"]

    def values(self, chart: str, environment: str) -> dict[str, Any]:
        """What the release gets in this environment."""
        chosen = yaml.safe_load((PROJECT / "values" / f"{environment}.yaml").read_text())
        return merged(chosen[chart] or {}, OUTPUTS[chart])

    def render(
        self, chart: str, values: Values | None = None, *, release: str | None = None
    ) -> Rendering:
        """Render with the outputs of Terraform and these values over them."""
        request = {
            "render": str(PROJECT / "charts" / chart),
            "values": merged(OUTPUTS[chart], values or {}),
            "release": release or chart,
            "namespace": "supabase",
        }
        return Rendering(self.ask(request))

    def lint(self, chart: str, environment: str) -> list[dict[str, Any]]:
        """Findings above the level of information."""
        request = {
            "lint": str(PROJECT / "charts" / chart),
            "values": self.values(chart, environment),
        }
        report = self.ask(request)
        return [finding for finding in report["messages"] if finding["severity"] > 1]


@pytest.fixture(scope="session")
def charts() -> Iterator[Charts]:
    worker = Path(__file__).with_name("helm_worker.py")
    with subprocess.Popen(
        [sys.executable, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as helm:
        yield Charts(helm)
        assert helm.stdin is not None
        helm.stdin.close()
