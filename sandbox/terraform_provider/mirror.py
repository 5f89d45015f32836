"""Where Terraform finds the stand-in: a filesystem mirror in the place of the registry."""

import platform
import shlex
import sys
from pathlib import Path

from sandbox.terraform_provider import catalog, certificate

ADDRESS = "registry.terraform.io/hashicorp/azurerm"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
PROJECT = Path(__file__).parents[2]

LAUNCHER = """\
#!/bin/sh
# Starts the sandbox's stand-in for the azurerm provider.
exec {python} -I -c {program} {certificate}
"""
PROGRAM = (
    "import sys; sys.path.insert(0, {project!r}); "
    "from sandbox.terraform_provider import launch; launch.main(sys.argv[1])"
)
CONFIGURATION = """\
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["{address}"]
  }}
  direct {{
    exclude = ["{address}"]
  }}
}}
"""


def host() -> str:
    """Terraform's name of this machine, such as `linux_amd64`."""
    machine = platform.machine().lower()
    return f"{sys.platform}_{MACHINES.get(machine, machine)}"


def launcher(folder: Path) -> str:
    """The text of the launcher: lock files keep its hash, so it is the same in every run."""
    return LAUNCHER.format(
        python=shlex.quote(sys.executable),
        program=shlex.quote(PROGRAM.format(project=str(PROJECT))),
        certificate=shlex.quote(str(folder / "plugin.pem")),
    )


def install(folder: Path) -> Path:
    """Lay out the mirror in `folder`, again if it is there already, and return its path."""
    folder = folder.resolve()
    package = folder / ADDRESS / catalog.VERSION / host()
    package.mkdir(parents=True, exist_ok=True)
    certificate.ensure(folder / "plugin.pem")
    program = package / f"terraform-provider-azurerm_v{catalog.VERSION}"
    fresh = program.with_suffix(".new")
    fresh.write_text(launcher(folder))
    fresh.chmod(0o755)
    fresh.replace(program)  # A running Terraform sees the old or the new one, never half of it.
    return folder


def cli_config(folder: Path, mirror: Path) -> Path:
    """Write the `terraformrc` that takes azurerm from the mirror and the rest from the registry."""
    file = folder / "terraformrc"
    file.write_text(CONFIGURATION.format(mirror=mirror.resolve(), address="hashicorp/azurerm"))
    return file
