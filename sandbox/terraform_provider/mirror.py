"""Where Terraform finds azurerm, stand-in or real: a filesystem mirror instead of the registry."""

import platform
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from sandbox.terraform_provider import catalog, certificate
from sandbox.terraform_provider.real import Provider

ADDRESS = "registry.terraform.io/hashicorp/azurerm"
MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
PROJECT = Path(__file__).parents[2]

LAUNCHER = """\
#!/bin/sh
# Starts the sandbox's stand-in for the azurerm provider.
exec {python} -I -S -c {program} {certificate}
"""
PROGRAM = (
    "import sys; sys.path[:0] = {paths!r}; "  # -S: looking for packages takes a third of a start
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
    libraries = {sysconfig.get_path("purelib"): None, sysconfig.get_path("platlib"): None}
    paths = [str(PROJECT), *libraries]
    return LAUNCHER.format(
        python=shlex.quote(sys.executable),
        program=shlex.quote(PROGRAM.format(paths=paths)),
        certificate=shlex.quote(str(folder / "plugin.pem")),
    )


def install(folder: Path, real: Provider | None = None) -> Path:
    """Lay out the mirror in `folder`, again if it is there already, and return its path."""
    folder = folder.resolve()
    clear(folder, keep=None if real else package(folder, catalog.VERSION))
    if real is None:
        install_stand_in(folder)
    else:
        install_real(folder, real)
    return folder


def package(folder: Path, version: str) -> Path:
    return folder / ADDRESS / version / host()


def clear(folder: Path, keep: Path | None) -> None:
    """Remove what an earlier sandbox led to: Terraform takes the newest version it finds."""
    known = folder / ADDRESS
    for found in sorted(known.glob("*")) if known.is_dir() else []:
        if found.is_dir() and not (keep and keep.is_relative_to(found)):
            shutil.rmtree(found)
        elif not found.is_dir():
            found.unlink()
    if keep and keep.is_dir():
        for found in keep.iterdir():
            if found.name != program_name(catalog.VERSION):
                found.unlink()


def program_name(version: str) -> str:
    return f"terraform-provider-azurerm_v{version}"


def install_stand_in(folder: Path) -> None:
    place = package(folder, catalog.VERSION)
    place.mkdir(parents=True, exist_ok=True)
    certificate.ensure(folder / "plugin.pem")
    program = place / program_name(catalog.VERSION)
    fresh = program.with_suffix(".new")
    fresh.write_text(launcher(folder))
    fresh.chmod(0o755)
    fresh.replace(program)  # A running Terraform sees the old or the new one, never half of it.


def install_real(folder: Path, real: Provider) -> None:
    """Point to the provider where it lies; a zip is as good to Terraform as a program."""
    if real.packed:
        name = f"terraform-provider-azurerm_{real.version}_{host()}.zip"
        target = folder / ADDRESS / name
    else:
        target = package(folder, real.version) / real.path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(real.path)


def described(folder: Path) -> str:
    """Which provider Terraform gets from a mirror, for people."""
    for found in sorted((folder / ADDRESS).rglob("terraform-provider-azurerm_*")):
        if found.is_symlink():
            return f"the real provider, {found.readlink()}"
        return f"the stand-in for {catalog.VERSION}"
    return "none"


def cli_config(folder: Path, mirror: Path) -> Path:
    """Write the `terraformrc` that takes azurerm from the mirror and the rest from the registry."""
    file = folder / "terraformrc"
    file.write_text(CONFIGURATION.format(mirror=mirror.resolve(), address="hashicorp/azurerm"))
    return file
