"""
Build both stacks in the sandbox and tell which chain of resources the time goes to.

The wall-clock time of an apply is compared with the longest chain of what the resources themselves
took in that very run: what is above it was spent by Terraform, not waited for in Azure. Everything
is its own and gone afterwards; nothing is asserted.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import cyclopts
from rich import box
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))  # A program's own path begins at its folder.

from scripts.resource_graph import Graph, short
from tasks.terraform.commands import PARALLEL

PROJECT = Path(__file__).parents[1]
VARIABLES = "../vars/sandbox.tfvars"
PROMISED = 1.05  # Wall-clock time over the longest chain.
PLAN = 3  # Seconds in which an unchanged stack is planned.


@dataclass(frozen=True)
class Built:
    """One apply: its time, what each kind of resource took at most, and the chain that counts."""

    stack: str
    wall: float
    chain: float
    resources: list[tuple[str, float]]
    unchanged: float

    @property
    def ratio(self) -> float:
        return self.wall / self.chain


@dataclass(frozen=True)
class Stack:
    """Terraform in a copy of one stack."""

    folder: Path
    variables: Mapping[str, str]

    def __call__(self, *arguments: str) -> str:
        ended = subprocess.run(  # noqa: TID251 # A private copy: no lock is anybody else's.
            ["terraform", f"-chdir={self.folder}", *arguments],  # noqa: S607 # On PATH.
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise SystemExit(f"terraform {arguments[0]}:\n{ended.stdout[-3000:]}{ended.stderr}")
        return ended.stdout

    def build(self) -> Built:
        """Apply, with a look at each resource; then plan again."""
        self("init", "-input=false")
        self("plan", "-input=false", f"-var-file={VARIABLES}", "-out=plan")
        began = time.perf_counter()
        events = [
            json.loads(line) for line in self("apply", "-json", PARALLEL, "plan").splitlines()
        ]
        wall = time.perf_counter() - began
        took = durations(events)
        chain, path = Graph.read(self("graph")).longest(took)
        began = time.perf_counter()
        self("plan", "-input=false", f"-var-file={VARIABLES}", PARALLEL, "-detailed-exitcode")
        unchanged = time.perf_counter() - began
        resources = [(node, took[node]) for node in path if node in took]
        return Built(self.folder.name, wall, chain, resources, unchanged)


def durations(events: list[dict[str, object]]) -> dict[str, float]:
    """Seconds of the slowest instance of each kind of resource, by its address without keys."""
    began: dict[str, float] = {}
    took: dict[str, float] = {}
    for event in events:
        hook = event.get("hook")
        if event["type"] not in {"apply_start", "apply_complete"} or not isinstance(hook, dict):
            continue
        address = hook["resource"]["addr"]
        at = datetime.fromisoformat(str(event["@timestamp"])).timestamp()
        if event["type"] == "apply_start":
            began[address] = at
        else:
            kind = "".join(part.split("]")[-1] for part in address.split("["))
            took[kind] = max(took.get(kind, 0.0), at - began[address])
    return took


@contextmanager
def sandbox(folder: Path, scale: float) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "sandbox"]
    state = ["--state", str(folder / "sandbox")]
    pace = ["--port", "0", "--profile", "typical", "--scale", str(scale)]
    printed = subprocess.check_output(
        [*command, "up", *pace, *state], cwd=PROJECT, text=True, stderr=subprocess.DEVNULL
    )
    words = [word for word in shlex.split(printed) if word != "export"]
    try:
        yield dict(word.split("=", 1) for word in words)
    finally:
        subprocess.run([*command, "down", *state], cwd=PROJECT, capture_output=True, check=False)  # noqa: TID251


def build(scale: float) -> Iterator[Built]:
    with tempfile.TemporaryDirectory(prefix="bench-terraform-") as name:
        left = shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.auto.tfvars.json")
        code = Path(shutil.copytree(PROJECT / "terraform", Path(name) / "terraform", ignore=left))
        with sandbox(Path(name), scale) as variables:
            foundation = Stack(code / "foundation", variables)
            yield foundation.build()
            outputs = json.loads(foundation("output", "-json"))
            given = {"foundation": {key: output["value"] for key, output in outputs.items()}}
            (code / "platform/foundation.auto.tfvars.json").write_text(json.dumps(given))
            password = {"TF_VAR_database_password": "Only-4-this-bench"}
            yield Stack(code / "platform", {**variables, **password}).build()


def main(
    *,
    scale: Annotated[float, cyclopts.Parameter(help="Azure's time, times this.")] = 0.1,
) -> int:
    """Apply both stacks once at a typical pace and print the chain that each one's time goes to."""
    out = Console(width=110, highlight=False)
    for built in build(scale):
        table = Table(built.stack, "at the end of the chain after", box=box.MARKDOWN)
        so_far = 0.0
        for node, seconds in built.resources:
            so_far += seconds
            table.add_row(" · ".join(filter(None, short(node))), f"{so_far:.1f} s")
        out.print(table)
        out.print(
            f"{built.stack}: wall {built.wall:.1f} s, chain {built.chain:.1f} s, "
            f"ratio {built.ratio:.2f} (promised {PROMISED}); "
            f"plan of it unchanged {built.unchanged:.1f} s (promised {PLAN} s)\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(cyclopts.run(main))
