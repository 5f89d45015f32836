"""Go on as another program, with the environment set: its exit code, input and signals."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

from cyclopts import Parameter

from sandbox.commands.control import ask, found, told, way_into
from sandbox.commands.terminal import StateDirectory, err
from sandbox.files import write_private
from sandbox.state import DEFAULT, Running, SandboxError, State

LEADING = ("--state", "--cluster", "--inside")  # Ours; what follows belongs to the program.
PROJECT = Path(__file__).parents[2]
AZ = PROJECT / ".engines" / "azure-cli" / "bin" / "az"
INSTALL = {
    "az": "https://learn.microsoft.com/cli/azure/install-azure-cli, or let the tests install one: "
    "python -m pytest tests/clients/test_az_resources.py",
    "helm": "https://helm.sh/docs/intro/install",
    "kubectl": "https://kubernetes.io/docs/tasks/tools",
    "terraform": "https://developer.hashicorp.com/terraform/install",
}
QUIET = {  # What az would ask the real world for, or a person.
    "AZURE_CORE_COLLECT_TELEMETRY": "false",
    "AZURE_CORE_SURVEY_MESSAGE": "false",
    "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
}

Words = Annotated[
    str,
    Parameter(allow_leading_hyphen=True, help="Options and arguments of the program, as they are."),
]
OneCluster = Annotated[
    str, Parameter(help="Name of the cluster; the only one needs no name. Stands first.")
]


def run(
    *words: Words,
    inside: Annotated[str, Parameter(help="Stand inside the network of this cluster.")] = "",
    state: StateDirectory = DEFAULT,
) -> None:
    """Run any program with the sandbox's environment.

    For example:

        python -m sandbox exec -- python my_script.py
        python -m sandbox exec --inside supabase-sandbox-aks -- \
            curl -sS http://supabase-auth.supabase.svc:9999/health
    """
    if not words:
        raise SandboxError("There is nothing to run.", "python -m sandbox exec -- COMMAND …")
    kept = State(state)
    running = found(kept)
    proxy = way_into(running, inside) if inside else ""
    become(words[0], words[1:], kept.environment(running, proxy))


def az(*words: Words, state: StateDirectory = DEFAULT) -> None:
    """Run the Azure CLI, signed in as the deployer; your own sign-in stays as it is.

    For example:

        python -m sandbox az group list --output table
        python -m sandbox az keyvault secret list --vault-name supabase-sandbox-kv
        python -m sandbox az -- --help      # az's own help
    """
    kept = State(state)
    environment = kept.environment(found(kept))
    folder = kept.folder / "az"
    environment |= QUIET | {"AZURE_CONFIG_DIR": str(folder)}
    if not signed_in(folder, environment["ARM_CLIENT_ID"]):
        sign_in(environment)
    become("az", words, environment)


def terraform(*words: Words, state: StateDirectory = DEFAULT) -> None:
    """Run Terraform; hashicorp/azurerm is the sandbox's stand-in.

    For example:

        python -m sandbox terraform init
        python -m sandbox terraform -chdir=terraform/foundation plan
    """
    kept = State(state)
    become("terraform", words, kept.environment(found(kept)))


def kubectl(*words: Words, cluster: OneCluster = "", state: StateDirectory = DEFAULT) -> None:
    """Run kubectl as the deployer, from inside the network of a cluster.

    For example:

        python -m sandbox kubectl get pods --all-namespaces
        python -m sandbox kubectl --cluster supabase-sandbox-aks -n supabase get pods
        python -m sandbox kubectl -- --help      # kubectl's own help
    """
    kept = State(state)
    become("kubectl", words, in_cluster(kept, cluster))


def helm(*words: Words, cluster: OneCluster = "", state: StateDirectory = DEFAULT) -> None:
    """Run Helm as the deployer, from inside the network of a cluster.

    Where there is none, the small one that runs in run-command takes its place.

    For example:

        python -m sandbox helm list --all-namespaces
        python -m sandbox helm --cluster supabase-sandbox-aks history supabase -n supabase
    """
    kept = State(state)
    become("helm", words, in_cluster(kept, cluster))


PASSED = {"exec", "az", "terraform", "kubectl", "helm", "psql"}


def separated(arguments: list[str]) -> list[str]:
    """Put `--` before the words of the program, so that none is taken for an option of ours."""
    if not arguments or arguments[0] not in PASSED or arguments[1:2] in (["--help"], ["-h"]):
        return arguments
    at = 1
    while at < len(arguments) and arguments[at].partition("=")[0] in LEADING:
        at += 1 if "=" in arguments[at] else 2
    rest = arguments[at:]
    return [*arguments[:at], "--", *(rest[1:] if rest[:1] == ["--"] else rest)]


# --- What they share ---------------------------------------------------------------------------


class NoProgramError(SandboxError):
    """There is no such program; shells end in the same code."""

    code = 127


class NotRunnableError(SandboxError):
    """The system refuses to run it; shells end in the same code."""

    code = 126


def become(name: str, words: tuple[str, ...], environment: dict[str, str]) -> NoReturn:
    """Go on as another program."""
    path = program(name)
    argv = [name, *words]
    if path is None and name == "helm":
        path = sys.executable  # It finds its packages by its own name.
        argv = [path, "-P", "-m", "sandbox.tools.helm", *words]
        environment = {**environment, "PYTHONPATH": str(PROJECT)}
    if path is None:
        where = f"Install it from {INSTALL[name]}." if name in INSTALL else "Is it on PATH?"
        raise NoProgramError(f"There is no program {name}.", where)
    sys.stdout.flush()
    try:
        os.execve(path, argv, os.environ | environment)  # noqa: S606  # On purpose.
    except OSError as error:
        raise NotRunnableError(f"{path} cannot be run: {error.strerror}.") from error


def program(name: str) -> str | None:
    """Where it is: on PATH, or the az that the tests install."""
    return shutil.which(name) or (shutil.which(str(AZ)) if name == "az" else None)


def in_cluster(kept: State, name: str) -> dict[str, str]:
    """The environment with a kubeconfig of one cluster, whose tokens it holds."""
    running = found(kept)
    name = name or only_cluster(running)
    way_into(running, name)  # Or an error that names those that exist.
    text = ask(running, "GET", f"/clusters/{name}/kubeconfig")
    folder = kept.folder / "kubeconfig"
    folder.mkdir(mode=0o700, exist_ok=True)
    write_private(folder / name.lower(), text)
    return kept.environment(running) | {"KUBECONFIG": str(folder / name.lower())}


def only_cluster(running: Running) -> str:
    known = sorted(told(running, "/networks"))
    if len(known) == 1:
        return str(known[0])
    if known:
        raise SandboxError(
            "There are several clusters.", f"Say which, first: --cluster {' or '.join(known)}."
        )
    raise SandboxError("There is no cluster yet.", "Create one, for instance with: make deploy")


def signed_in(folder: Path, client: str) -> bool:
    """Does az know this deployer already; it keeps its sign-ins in a file."""
    try:
        known = json.loads((folder / "azureProfile.json").read_text(encoding="utf-8-sig"))
        return any(one["user"]["name"] == client for one in known["subscriptions"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def sign_in(environment: dict[str, str]) -> None:
    path = program("az")
    if path is None:
        return  # `become` says so.
    secret = environment["ARM_CLIENT_SECRET"]
    words = ["login", "--service-principal", "--username", environment["ARM_CLIENT_ID"]]
    words += ["--tenant", environment["ARM_TENANT_ID"], "--output", "none", f"--password={secret}"]
    done = subprocess.run(  # noqa: TID251  # Short, and holds no lock.
        [path, *words], env=os.environ | environment, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        raise SandboxError("az could not sign in as the deployer.", "Its own words stand above.")
    err.print("[dim]Signed in as the deployer.[/]")
