import json
from pathlib import Path
from typing import Any

import pytest

from tasks import environment, terraform
from tasks.errors import BusyError, NotReadyError, ToolError
from tasks.terraform import (
    Change,
    Foundation,
    Plan,
    Platform,
    adoption,
    commands,
    failures,
    plans,
    stacks,
)
from tasks.terraform.progress import Progress

SANDBOX = environment.load("sandbox")


def planned(address: str, action: str, reason: str = "") -> dict[str, Any]:
    change = {"resource": {"addr": address}, "action": action, "reason": reason}
    return {"type": "planned_change", "change": change}


def failed(summary: str, detail: str = "") -> str:
    diagnostic = {"severity": "error", "summary": summary, "detail": detail, "address": "a.b"}
    return json.dumps({"type": "diagnostic", "diagnostic": diagnostic})


def test_a_plan_keeps_what_changes_and_why() -> None:
    events = [
        planned("a.one", "create"),
        planned("a.two", "replace", "cannot_update"),
        planned("a.three", "noop"),
        planned("data.four", "read"),
    ]

    plan = plans.read_plan("platform", events)

    assert plan.changes == (
        Change("a.one", "create"),
        Change("a.two", "replace", "cannot be changed in place"),
    )
    assert str(plan) == "platform: 1 to create, 1 to replace"
    assert plan.destructive
    assert "- **replace** `a.two`: cannot be changed in place" in plan.markdown()


def test_a_plan_without_changes_is_empty_and_says_so() -> None:
    plan = plans.read_plan("platform", [planned("a.one", "noop")])

    assert plan.empty
    assert str(plan) == "platform: nothing to change"


def test_new_outputs_alone_are_worth_an_apply() -> None:
    outputs = {"type": "outputs", "outputs": {"vault_uri": {"action": "create"}}}

    assert not plans.read_plan("foundation", [outputs]).empty


def test_a_later_plan_may_not_destroy_more_than_was_approved() -> None:
    approved = Plan("platform", (Change("a.one", "replace"), Change("a.two", "create")))

    assert not Plan("platform", (Change("a.one", "delete"),)).exceeds(approved)
    assert Plan("platform", (Change("a.two", "delete"),)).exceeds(approved)


@pytest.mark.parametrize(("action", "unlocks"), [("delete", True), ("create", False)])
def test_a_plan_knows_whether_it_would_take_the_lock_away(action: str, unlocks: bool) -> None:
    changes = (Change("a.one", "delete"), Change("azurerm_management_lock.this[0]", action))

    assert Plan("foundation", changes).unlocks is unlocks


@pytest.mark.parametrize(
    ("address", "action", "loses"),
    [
        ("module.storage.azurerm_storage_account.this", "replace", True),
        ("module.database.azurerm_postgresql_flexible_server_database.this", "delete", True),
        ("module.storage.azurerm_storage_management_policy.this", "replace", False),
        ("module.vault.azurerm_key_vault.this", "update", False),
    ],
)
def test_a_plan_knows_what_data_would_go_with(address: str, action: str, loses: bool) -> None:
    change = Change(address, action)

    assert Plan("foundation", (change, Change("a.one", "delete"))).losing == (change,) * loses


def test_progress_counts_what_is_done_and_names_it() -> None:
    seconds = iter([0.0, 7.0, 7.0])
    progress = Progress(total=2, now=lambda: next(seconds))
    hook = {"resource": {"addr": "azurerm_key_vault.this"}, "action": "create"}

    progress.take(json.dumps({"type": "apply_start", "hook": hook}))
    told = progress.take(
        json.dumps({"type": "apply_complete", "hook": {**hook, "elapsed_seconds": 7}})
    )

    assert told == "create done: azurerm_key_vault.this (7 s)"
    assert progress.percent == 50


def test_progress_tells_what_is_at_work_for_how_long_and_what_was_slowest() -> None:
    seconds = [0.0]
    progress = Progress(total=3, now=lambda: seconds[0])

    def event(kind: str, address: str) -> str | None:
        hook = {"resource": {"addr": address}, "action": "create"}
        return progress.take(json.dumps({"type": kind, "hook": hook}))

    event("apply_start", "a.vault")
    event("apply_start", "a.cluster")
    seconds[0] = 50.0
    event("apply_complete", "a.vault")
    seconds[0] = 90.0

    told = event("apply_progress", "a.cluster")

    assert told == "1 of 3 resources done; at work: a.cluster (90 s)."
    assert progress.slowest == ("a.cluster", 90.0)
    assert event("apply_progress", "a.cluster") is None, "Once in half a minute is enough."
    seconds[0] = 95.0
    event("apply_complete", "a.cluster")
    assert str(progress) == "2 of 3 resources done; slowest: a.cluster (95 s)."


def test_a_plan_names_the_values_that_force_a_replacement_and_hides_sensitive_ones() -> None:
    plan = Plan("p", (Change("a.one", "replace"), Change("a.two", "update"), Change("n", "create")))
    shown = {
        "resource_changes": [
            {
                "address": "a.one",
                "change": {
                    "before": {"location": "centralus", "tags": {}},
                    "after": {"location": "westeurope", "tags": {"a": 1}},
                    "replace_paths": [["location"]],
                },
            },
            {
                "address": "a.two",
                "change": {
                    "before": {"key": "old-secret", "size": 1, "id": "x"},
                    "after": {"key": "new-secret", "size": 2},
                    "after_unknown": {"id": True},
                    "before_sensitive": {"key": True},
                    "after_sensitive": {"key": True},
                },
            },
        ]
    }

    explained = plan.explained(shown)

    assert [change.reason for change in explained.changes] == [
        "must be replaced: location: centralus → westeurope",
        "key, size: 1 → 2",
        "",
    ]
    assert "secret" not in explained.markdown()
    assert explained.rows()[0]["action"] == "replace", "What destroys comes first."


@pytest.mark.parametrize(
    ("summary", "detail", "kind"),
    [
        ("Error acquiring the state lock", "ID: 1", BusyError),
        (
            "creating X",
            "unexpected status 403 with error: AuthorizationFailed: wait",
            NotReadyError,
        ),
        ("creating X", "unexpected status 429 (429 Too Many Requests)", NotReadyError),
        (
            "creating X",
            "409 with error: OperationNotAllowed: another operation is in progress",
            NotReadyError,
        ),
        ("creating X", "unexpected status 400 with error: SkuNotAvailable: no", ToolError),
        (
            "creating X",
            "CustomPrivateDNSZoneMissingPermissionError: no Private DNS Zone Contributor",
            NotReadyError,
        ),
        (
            "creating X",
            "AuthorizationFailed: to perform 'Microsoft.Authorization/policyAssignments/write'",
            ToolError,
        ),
        ("deleting X", "InUseSubnetCannotBeDeleted: Subnet database is in use", ToolError),
        ("creating X", "OperationNotAllowed: exceeding approved cores Quota", ToolError),
        ("creating X", "a limit of 1500 (of 2000) was reached", ToolError),
        (
            "PUT https://management.azure.com: [Errno 104] Connection reset by peer",
            "",
            NotReadyError,
        ),
        ("creating X", 'Put "https://…": dial tcp: lookup x: no such host', NotReadyError),
        ("creating X", "polling after CreateOrUpdate: context deadline exceeded", NotReadyError),
    ],
)
def test_a_failure_knows_whether_time_helps(summary: str, detail: str, kind: type) -> None:
    progress = Progress()
    progress.take(failed(summary, detail))

    error = failures.failure("terraform apply of platform", progress.errors, "")

    assert type(error) is kind
    assert summary in error.message or detail in error.message


def test_a_subnet_that_seems_in_use_is_waited_for_while_everything_goes() -> None:
    progress = Progress()
    progress.take(failed("deleting Subnet", "InUseSubnetCannotBeDeleted: Subnet is in use by y"))

    error = failures.failure("terraform apply", progress.errors, "", destroys=True)

    assert type(error) is NotReadyError


@pytest.mark.parametrize(
    ("summary", "hint"),
    [
        ("PUT https://management.azure.com: Remote end closed connection", "Run again"),
        ("Invalid value for variable", "nothing was touched"),
        ("creating X: SkuNotAvailable", "Correct what Azure names"),
        ("deleting X: unexpected status 409 with error: ScopeLocked: ...", "Set lock = false"),
    ],
)
def test_the_hint_fits_what_went_wrong(summary: str, hint: str) -> None:
    progress = Progress()
    progress.take(failed(summary))

    error = failures.failure("terraform apply", progress.errors, "")

    assert hint in error.hint


def test_one_real_failure_among_passing_ones_is_final() -> None:
    progress = Progress()
    progress.take(failed("one", "429 (Too Many Requests)"))
    progress.take(failed("two", "SkuNotAvailable"))

    assert type(failures.failure("terraform apply", progress.errors, "")) is ToolError


def test_plan_and_apply_keep_secrets_out_of_argv() -> None:
    stack = terraform.platform(SANDBOX, None)

    command = commands.plan_command(stack)

    password = stack.secrets["database_password"]
    assert password not in str(command)
    assert password not in repr(command)
    assert password not in repr(stack)
    assert command.secrets == {"TF_VAR_database_password": password}


def test_terraform_signs_in_as_the_workload_identity_of_its_pod(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ARM_CLIENT_ID", "ARM_USE_OIDC", "ARM_USE_MSI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AZURE_TENANT_ID", "a-tenant")
    monkeypatch.setenv("AZURE_CLIENT_ID", "a-client")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/var/run/token")
    stack = terraform.platform(SANDBOX, None)

    given = commands.init_command(stack).env

    assert given["ARM_USE_OIDC"] == "true"
    assert given["ARM_OIDC_TOKEN_FILE_PATH"] == "/var/run/token"
    assert (given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"]) == ("a-tenant", "a-client")
    monkeypatch.setenv("ARM_CLIENT_ID", "of-a-service-principal")
    assert "ARM_USE_OIDC" not in commands.init_command(stack).env


def test_the_plan_command_names_each_file_it_reads() -> None:
    stack = terraform.foundation(SANDBOX)
    root = SANDBOX.work / "terraform"

    assert commands.plan_command(stack).argv == (
        "terraform",
        "plan",
        "-json",
        "-input=false",
        "-detailed-exitcode",
        "-parallelism=30",
        f"-var-file={root}/vars/sandbox.tfvars",
        f"-var-file={root}/foundation/given.tfvars.json",
        f"-out={root}/foundation/plan.tfplan",
    )


def test_state_in_azure_is_one_blob_for_each_environment_and_stack() -> None:
    place = {
        "kind": "azurerm",
        "resource_group": "tf",
        "storage_account": "tfstate",
        "container": "state",
    }
    remote = SANDBOX.model_copy(update={"state": environment.State.model_validate(place)})

    backend = stacks.backend(terraform.foundation(remote))["terraform"]["backend"]["azurerm"]

    assert backend["key"] == "sandbox/foundation.tfstate"
    assert backend["use_azuread_auth"] is True


def test_a_stack_that_was_built_in_part_has_no_outputs() -> None:
    half = {name: {"value": "x"} for name in Platform.model_fields} | {
        "database_host": {"value": None}
    }

    assert stacks.parse_outputs(Platform, {"cluster_name": {"value": "aks"}}) is None
    assert stacks.parse_outputs(Platform, half) is None


def test_a_working_copy_follows_the_sources_and_keeps_terraforms_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "WORK", tmp_path)
    stack = terraform.foundation(SANDBOX)
    stacks.prepare(stack)
    own = stack.folder / ".terraform" / "kept"
    own.parent.mkdir()
    own.touch()
    stale = stack.folder / "removed.tf"
    stale.touch()

    stacks.prepare(stack)

    assert own.exists()
    assert not stale.exists()
    assert (stack.folder / "main.tf").exists()


def test_a_working_copy_has_no_tests_which_init_would_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "WORK", tmp_path)
    stack = terraform.foundation(SANDBOX)
    left = stack.folder / "tests" / "foundation.tftest.hcl"
    left.parent.mkdir(parents=True)
    left.touch()

    stacks.prepare(stack)

    assert list(stack.root.rglob("*.tftest.hcl")) == []


@pytest.mark.parametrize(("stack", "model"), [("foundation", Foundation), ("platform", Platform)])
def test_the_stacks_declare_each_output_that_the_tasks_read(stack: str, model: type) -> None:
    text = "".join(p.read_text() for p in (stacks.SOURCE / stack).glob("*.tf"))
    declared = {line.split('"')[1] for line in text.splitlines() if line.startswith("output ")}

    assert declared == set(model.model_fields)  # type: ignore[attr-defined] # Both are models.


def exists(resource: str) -> dict[str, Any]:
    detail = (
        f'A resource with the ID "{resource}" already exists - to be managed via Terraform this'
    )
    return {"severity": "error", "summary": detail, "detail": "", "address": "module.a.b.this"}


def test_what_a_killed_run_left_in_our_group_is_found_and_nothing_else() -> None:
    ours = "/subscriptions/s/resourceGroups/Supabase-dev-rg/providers/M.K/vaults/v"
    theirs = "/subscriptions/s/resourceGroups/other/providers/M.K/vaults/v"
    noise = {"severity": "error", "summary": "quota", "detail": "", "address": "x"}

    found = adoption.orphans([exists(ours), exists(theirs), noise])

    assert [orphan.within("supabase-dev-rg") for orphan in found] == [True, False]
    assert found[0] == adoption.Orphan("module.a.b.this", ours)
    assert not found[1].within("")


def test_the_group_is_read_from_the_state_of_a_half_built_foundation() -> None:
    resources = [{"type": "azurerm_resource_group", "values": {"name": "supabase-dev-rg"}}]
    state = {"values": {"root_module": {"resources": resources}}}

    assert adoption.group_in(state) == "supabase-dev-rg"
    assert adoption.group_in({"format_version": "1.0"}) == ""


def test_an_import_names_address_and_id_and_has_no_json_flag() -> None:
    stack = terraform.foundation(SANDBOX)

    argv = commands.import_command(stack, adoption.Orphan("module.a.b.this", "/id")).argv

    assert argv[:2] == ("terraform", "import")
    assert argv[-2:] == ("module.a.b.this", "/id")
    assert "-json" not in argv
