"""What the cluster and Azure answer, read into values."""

import shlex

import pytest
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignment as Held

from tasks import role_assignments, smoke
from tasks.cluster import Answer, Script
from tasks.errors import HealthError
from tasks.preflight import machine
from tasks.role_assignments import Permission
from tasks.terraform import RoleAssignment


def test_the_summary_of_a_smoke_test_is_no_check() -> None:
    line = {"check": "auth health", "ok": True, "expected": 200, "got": 200}

    checks = smoke.read_checks({"checks": [line, {"passed": 1}]})

    assert [check.check for check in checks] == ["auth health"]
    assert checks[0].expected == "200"


def test_permissions_know_wildcards_exceptions_and_no_letter_case() -> None:
    owner = Permission(("*",))
    contributor = Permission(("*",), ("Microsoft.Authorization/*/Write",))

    needed = [*role_assignments.NEEDED, role_assignments.ASSIGN]

    assert role_assignments.lacking([owner], needed) == []
    assert role_assignments.lacking([contributor], needed) == [
        "Microsoft.Authorization/roleAssignments/write"
    ]
    assert role_assignments.lacking([contributor, owner], needed) == []


@pytest.mark.parametrize(
    ("assigned", "scope", "held"),
    [
        ("/subscriptions/s", "/subscriptions/s/resourceGroups/g", True),
        ("/", "/subscriptions/s", True),
        ("/subscriptions/S/resourcegroups/g", "/subscriptions/s/resourceGroups/g", True),
        ("/subscriptions/s/resourceGroups/g", "/subscriptions/s/resourceGroups/g2", False),
        ("/subscriptions/s/resourceGroups/g/x", "/subscriptions/s/resourceGroups/g", False),
    ],
)
def test_an_assignment_holds_at_its_scope_and_below(assigned: str, scope: str, held: bool) -> None:
    assert role_assignments.holds(assigned, scope) is held


def test_an_owner_can_paste_what_is_left_to_assign() -> None:
    group = "/subscriptions/s/resourceGroups/g"
    wanted = [
        RoleAssignment(
            scope=group, role="Key Vault Secrets User", principal_id="p", purpose="Reads Bob's."
        ),
        RoleAssignment(
            scope=group,
            role="AcrPull",
            principal_id="q",
            principal_type="ServicePrincipal",
            purpose="Pulls.",
        ),
    ]

    printed = role_assignments.commands(wanted).splitlines()

    assert [shlex.split(line) for line in printed] == [
        [
            *("az", "role", "assignment", "create"),
            # What `uuidv5("url", "<scope>|<role>|<principal>")` is in terraform/modules/access.
            *("--name", "57053563-5b55-5890-b63c-ad0d831d7084", "--role", "Key Vault Secrets User"),
            *("--assignee-object-id", "p", "--scope", group, "--description", "Reads Bob's."),
        ],
        [
            *("az", "role", "assignment", "create"),
            *("--name", "3681b791-04e6-54ea-8973-715dfed20d37", "--role", "AcrPull"),
            *("--assignee-object-id", "q", "--assignee-principal-type", "ServicePrincipal"),
            *("--scope", group, "--description", "Pulls."),
        ],
    ]


def test_a_role_under_a_condition_is_told() -> None:
    admin = {"role_definition_id": "/x/admin", "principal_id": "p"}
    held = [Held(**admin), Held(**admin, condition="@Request[...]\n StringEquals 'a'")]

    (told,) = role_assignments.conditions(held)

    assert "role admin holds under a condition" in told
    assert told.endswith("@Request[...] StringEquals 'a'")


@pytest.mark.parametrize(
    ("text", "old"), [("1.10.5", True), ("1.11.0", False), ("1.9.99", True), ("2.0", False)]
)
def test_versions_are_compared_as_numbers(text: str, old: bool) -> None:
    assert (machine.parse_version(text) < machine.TERRAFORM) is old


def test_another_failed_test_of_the_release_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def run(self, _script: Script) -> Answer:
            held = {"check": "auth-with-key", "ok": True, "expected": "200", "got": "200"}
            return Answer({"code": 1, "checks": [held]}, "drift: the role anon is missing")

    monkeypatch.setattr("tasks.wait.display", lambda *_, **__: None)

    with pytest.raises(HealthError, match="another test of the release failed") as caught:
        smoke.verify.fn(Failing(), "supabase", "supabase", "sandbox")

    assert "the role anon is missing" in str(caught.value)
