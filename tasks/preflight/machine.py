"""What must be true before anything is touched: seconds of questions save minutes of regret."""

import json
import os
import re

import yaml
from azure.core.exceptions import AzureError

from tasks import azure, shell
from tasks.environment import PROJECT, Environment
from tasks.errors import ConfigError, NotReadyError, PreflightError
from tasks.step import step

TERRAFORM = (1, 11)
GET_TERRAFORM = "Install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
CHARTS = ("platform", "s3proxy", "supabase")


@step("check-tools")
def tools(environment: Environment) -> str:
    """Terraform is there and new enough; `direct` access also wants kubectl and helm."""
    shell.find("terraform", GET_TERRAFORM)
    printed = shell.run(
        shell.Command(("terraform", "version", "-json"), env={"CHECKPOINT_DISABLE": "1"})
    )
    version = str(json.loads(printed)["terraform_version"])
    if parse_version(version) < TERRAFORM:
        raise PreflightError(f"Terraform {version} is too old.", GET_TERRAFORM)
    if environment.access == "direct":
        for program in ("bash", "kubectl", "helm"):
            shell.find(program, "Install it, or use `access: run-command`.")
    return version


@step("check-sign-in")
def sign_in(environment: Environment) -> None:
    """Credentials exist and Entra takes them; what Entra says is part of the error."""
    try:
        with azure.translated("Sign-in"):
            azure.credential().get_token(azure.MANAGEMENT)
    except PreflightError as error:
        raise PreflightError(error.message, environment.sign_in or error.hint) from error
    except NotReadyError as error:
        proxy = os.environ.get("HTTPS_PROXY", "")
        way = f" (through HTTPS_PROXY={proxy})" if proxy else ""
        raise PreflightError(
            f"Entra cannot be reached{way}: {error.message}",
            environment.sign_in or "Check network, proxy and certificates.",
        ) from error
    except AzureError as error:
        raise PreflightError(azure.first_line(error), environment.sign_in) from error


@step("check-files")
def files(environment: Environment) -> None:
    """The values file serves known charts only; a misspelled one would be ignored in silence."""
    content = yaml.safe_load((PROJECT / environment.values).read_text()) or {}
    unknown = sorted(set(content) - {*CHARTS, "external-secrets"})
    if unknown:
        raise ConfigError(
            f"{environment.values} has values for unknown charts: {', '.join(unknown)}.",
            f"Known: external-secrets, {', '.join(CHARTS)}.",
        )


def parse_version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
