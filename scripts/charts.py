"""Our charts as Helm renders them, with what the environments and Terraform tell them."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, cast

import yaml

PROJECT = Path(__file__).parents[1]
NAMES = ("platform", "s3proxy", "supabase")
ENVIRONMENTS = tuple(sorted(path.stem for path in (PROJECT / "values").glob("*.yaml")))

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


def chosen(environment: str) -> dict[str, Any]:
    """What Helm is told in this environment, by chart."""
    return dict(yaml.safe_load((PROJECT / "values" / f"{environment}.yaml").read_text()) or {})


def schema(chart: str) -> dict[str, Any]:
    text = (PROJECT / "charts" / chart / "values.schema.json").read_text()
    return dict(json.loads(text))


def nodes(tree: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Each schema of an object or a value in a schema, with its place."""
    if isinstance(tree, dict):
        yield path, tree
        for key, value in tree.items():
            yield from nodes(value, f"{path}/{key}")


def open_maps(chart: str) -> list[str]:
    """Places in a chart's schema where a misspelled key would pass."""
    maps = [(path, node) for path, node in nodes(schema(chart)) if node.get("type") == "object"]
    return [path or "/" for path, node in maps if "additionalProperties" not in node]


class Charts:
    """Our charts, and Helm to render them."""

    def __init__(self, asks: IO[str], answers: IO[str]) -> None:
        """The two ends of `helm_worker.py`: what it reads and what it prints."""
        self._asks = asks
        self._answers = answers

    def ask(self, request: dict[str, Any]) -> Any:
        self._asks.write(json.dumps(request) + "\n")
        self._asks.flush()
        line = self._answers.readline()
        if not line:
            raise RuntimeError("Helm's process has ended; what it said is above.")
        reply = json.loads(line)
        if "refused" in reply:
            raise RefusedError(reply["refused"])
        return reply["answer"]

    def values(self, chart: str, environment: str) -> dict[str, Any]:
        """What the release gets in this environment."""
        return merged(chosen(environment).get(chart) or {}, OUTPUTS[chart])

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


@contextmanager
def helm() -> Iterator[Charts]:
    """Helm in a process of its own, for as long as it is needed."""
    worker = [sys.executable, str(Path(__file__).with_name("helm_worker.py"))]
    with subprocess.Popen(
        worker, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        asks, answers = cast("IO[str]", program.stdin), cast("IO[str]", program.stdout)
        yield Charts(asks, answers)
        asks.close()  # Its end of work.
