"""The two stacks of an environment, through the command line, against the sandbox."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.terraform.conftest import STACKS, Terraform, copy_of_the_code

PASSWORD = "Born-to-be-replaced-1"
EMPTY, CHANGES = 0, 2  # What `plan -detailed-exitcode` says.


class Stacks:
    """The two stacks of one environment, in a working copy of their own."""

    def __init__(
        self, folder: Path, sandbox: Mapping[str, str], name: str, *decisions: str, file: str = ""
    ) -> None:
        variables = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        password = {"TF_VAR_database_password": PASSWORD}
        self.terraform = Terraform(copy_of_the_code(folder), {**sandbox, **variables, **password})
        chosen = f"-var-file=../vars/{file or 'sandbox'}.tfvars"
        self.decided = [chosen, f"-var=name={name}", *decisions]
        for stack in STACKS:
            self.terraform.init(stack)

    def build(self) -> None:
        for stack in STACKS:
            self.apply(stack)

    def apply(self, stack: str, *decisions: str) -> None:
        if stack == "platform":
            given = self.terraform.root / "platform" / "given.auto.tfvars.json"
            given.write_text(json.dumps({"foundation": self.outputs("foundation")}))
        options = ["-auto-approve", "-input=false", "-no-color", *self.decided, *decisions]
        self.terraform(stack, "apply", *options)

    def destroy(self, stack: str) -> None:
        options = ["-auto-approve", "-input=false", "-no-color", *self.decided]
        self.terraform(stack, "destroy", *options)

    def changes(self, stack: str, *decisions: str) -> dict[str, list[str]]:
        """What a plan wants to do, by address; asks Azure for the present first."""
        options = ["-out=plan", "-detailed-exitcode", "-input=false", *self.decided, *decisions]
        self.terraform(stack, "plan", *options, accept=(EMPTY, CHANGES))
        plan = self.terraform.json(stack, "show", "-json", "plan")
        wanted = {one["address"]: one["change"]["actions"] for one in plan["resource_changes"]}
        return {address: how for address, how in wanted.items() if how != ["no-op"]}

    def outputs(self, stack: str) -> dict[str, Any]:
        found = self.terraform.json(stack, "output", "-json")
        return {name: output["value"] for name, output in found.items()}

    def resources(self, stack: str) -> dict[str, dict[str, Any]]:
        """Attributes of everything in the state, by address."""
        root = self.terraform.json(stack, "show", "-json")["values"]["root_module"]
        modules = [root, *root.get("child_modules", [])]
        return {
            resource["address"]: resource["values"]
            for module in modules
            for resource in module.get("resources", [])
        }
