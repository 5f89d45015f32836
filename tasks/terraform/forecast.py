"""What a stack would become, known before anything is built: no lock, no change, few questions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, get_origin

from tasks import wait
from tasks.step import step
from tasks.terraform import failures
from tasks.terraform.commands import CHANGES, foresee_command
from tasks.terraform.progress import Progress
from tasks.terraform.runs import initialise, output, show, stream
from tasks.terraform.stacks import Foundation, Stack

CHECKED_BY = "This was checked by the validation rule at"
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Planned:
    """One resource as it would be; `before` is empty for one that does not exist yet."""

    address: str
    type: str
    values: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """The resources that a stack would touch, its outputs as far as they are known, complaints."""

    planned: tuple[Planned, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()  # Outputs that only Azure can tell.
    invalid: tuple[str, ...] = ()  # Values that the validation of a variable refuses.
    refused: tuple[str, ...] = ()  # Everything else that makes no plan.


@step("terraform-foresee-{stack.name}")
def foresee(stack: Stack) -> Forecast:
    """
    Plan without refresh or lock; what Terraform refuses comes back as complaints, all at once.

    A refusal that passes, such as a throttled data source, is worth another try.
    """
    initialise(stack)
    progress = Progress()
    ended = stream(foresee_command(stack), progress)
    try:
        if ended.code == CHANGES:
            return read_forecast(show(stack, str(stack.forecast_file)))
        if not ended.code:
            return Forecast(outputs={name: one["value"] for name, one in output(stack).items()})
    finally:
        stack.forecast_file.unlink(missing_ok=True)
    error = failures.failure(f"terraform plan of {stack.name}", progress.errors, ended.complaint)
    if error.transient:
        raise error
    wait.logger().info("%s: Terraform refuses the plan.", stack.name)
    return read_refusal(progress.errors, ended.complaint)


def read_forecast(shown: Mapping[str, Any]) -> Forecast:
    """Read `terraform show -json` of a plan file."""
    touched = [
        entry
        for entry in shown.get("resource_changes", [])
        if entry["mode"] == "managed" and {"create", "update"} & set(entry["change"]["actions"])
    ]
    planned = tuple(_planned(entry) for entry in touched)
    outputs = (shown.get("planned_values") or {}).get("outputs") or {}
    changes = shown.get("output_changes") or {}
    return Forecast(
        planned,
        {name: one["value"] for name, one in outputs.items() if "value" in one},
        frozenset(name for name, one in changes.items() if one.get("after_unknown") is True),
    )


def _planned(entry: Mapping[str, Any]) -> Planned:
    change = entry["change"]
    before = {} if "create" in change["actions"] else open_values(change, "before")
    return Planned(entry["address"], entry["type"], open_values(change, "after"), before)


def open_values(change: Mapping[str, Any], side: str) -> dict[str, Any]:
    """Without what is sensitive as a whole or in part: nobody here needs a key."""
    hidden = change.get(f"{side}_sensitive") or {}
    return {key: value for key, value in (change[side] or {}).items() if not hides(hidden, key)}


def hides(hidden: Any, key: str) -> bool:
    return hidden is True or (isinstance(hidden, Mapping) and hidden.get(key) is True)


def read_refusal(diagnostics: Iterable[Mapping[str, Any]], complaint: str) -> Forecast:
    """Each refusal once; of a variable's validation only what its author wrote."""
    invalid, refused = [], []
    for diagnostic in diagnostics:
        detail = str(diagnostic.get("detail", ""))
        if CHECKED_BY in detail:
            invalid.append(" ".join(detail.split(CHECKED_BY, maxsplit=1)[0].split()))
            continue
        place = diagnostic.get("range") or {}
        line = (place.get("start") or {}).get("line", "?")
        where = f" ({place['filename']}:{line})" if place.get("filename") else ""
        refused.append(" ".join(f"{diagnostic['summary']}{where}: {detail}".split()))
    if not invalid and not refused:
        refused.append(complaint.strip()[-2000:])
    return Forecast(invalid=tuple(dict.fromkeys(invalid)), refused=tuple(dict.fromkeys(refused)))


def assumed(base: Forecast, subscription: str) -> Foundation:
    """
    A foundation that is only planned, so that the platform can be planned before it is built.

    Ids that Azure has yet to give are well-formed and belong to nobody.
    """
    known = {
        name: value
        for name, value in base.outputs.items()
        if value is not None and name in Foundation.model_fields
    }
    group = str(known.get("resource_group_name", "planned"))
    place = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
    guesses = {
        name: guess(name, place)
        for name, info in Foundation.model_fields.items()
        if info.is_required() or name in base.unknown
    }
    return Foundation.model_validate(guesses | known)


KINDS = {  # By the end of an output's name; the first that fits.
    "_subnet_id": "Microsoft.Network/virtualNetworks/planned/subnets/planned",
    "_zone_id": "Microsoft.Network/privateDnsZones/planned",
    "_identity_id": "Microsoft.ManagedIdentity/userAssignedIdentities/planned",
    "vault_id": "Microsoft.KeyVault/vaults/planned",
    "storage_account_id": "Microsoft.Storage/storageAccounts/planned",
    "registry_id": "Microsoft.ContainerRegistry/registries/planned",
    "workspace_id": "Microsoft.OperationalInsights/workspaces/planned",
    "_id": "Microsoft.Resources/planned/planned",
}


def guess(name: str, place: str) -> Any:
    """A value of the right form for an output that is not known yet."""
    annotation = Foundation.model_fields[name].annotation
    if get_origin(annotation) is tuple:
        return ()
    if name == "resource_group_id":
        return place.removesuffix("/providers")
    if name.endswith(("client_id", "object_id", "tenant_id", "principal_id")):
        return NOBODY
    for end, kind in KINDS.items():
        if name.endswith(end):
            return f"{place}/{kind}"
    if name.endswith("_uri"):
        return "https://planned.vault.azure.net/"
    return False if annotation is bool else "planned"
