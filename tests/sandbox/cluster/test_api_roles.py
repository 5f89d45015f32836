"""Roles: those that every cluster has, who may hand them out, and how people ask about them."""

from typing import Any

import httpx
import pytest

from tests.sandbox.cluster.conftest import Kube
from tests.sandbox.cluster.test_api_access import RBAC, account, ask, token


def bind(kube: Kube, role: str, kind: str = "ClusterRole", name: str = "robot") -> None:
    body = {
        "metadata": {"name": f"{name}-{role}"},
        "roleRef": {"kind": kind, "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": kube.namespace}],
    }
    kube.http.post(kube.path("rolebindings", root=RBAC), json=body).raise_for_status()


def robot(kube: Kube) -> str:
    return f"system:serviceaccount:{kube.namespace}:robot"


def can(kube: Kube, *question: str, who: str = "") -> bool:
    answer = kube.http.post(
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        json={
            "spec": {
                "user": who or robot(kube),
                "resourceAttributes": dict(
                    zip(("verb", "resource", "group"), question, strict=False)
                )
                | {"namespace": kube.namespace},
            }
        },
    )
    return bool(answer.json()["status"]["allowed"])


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        ("view", ("list", "pods"), ("list", "secrets")),
        ("edit", ("create", "deployments", "apps"), ("create", "roles", "rbac")),
        ("admin", ("create", "roles", "rbac.authorization.k8s.io"), ("update", "resourcequotas")),
        ("cluster-admin", ("delete", "nodes"), ()),
    ],
)
def test_a_cluster_begins_with_the_usual_roles(
    kube: Kube, role: str, allowed: tuple[str, ...], refused: tuple[str, ...]
) -> None:
    account(kube)

    bind(kube, role)

    assert can(kube, *allowed)
    assert not refused or not can(kube, *refused)


def test_a_role_with_the_right_label_becomes_part_of_admin(kube: Kube) -> None:
    account(kube)
    bind(kube, "admin")
    question = ("create", "rockets", "space.example.com")
    before = can(kube, *question)
    role = {
        "metadata": {
            "name": "rocketeer",
            "labels": {"rbac.authorization.k8s.io/aggregate-to-edit": "true"},
        },
        "rules": [
            {"apiGroups": ["space.example.com"], "resources": ["rockets"], "verbs": ["create"]}
        ],
    }

    kube.http.post(f"{RBAC}/clusterroles", json=role).raise_for_status()
    after = can(kube, *question)
    kube.http.delete(f"{RBAC}/clusterroles/rocketeer").raise_for_status()

    assert (before, after, can(kube, *question)) == (False, True, False)


def create(kube: Kube, who: str, plural: str, body: dict[str, Any]) -> httpx.Response:
    return ask(kube, who, kube.path(plural, root=RBAC), "POST", body)


def test_nobody_grants_what_they_do_not_hold(kube: Kube) -> None:
    account(kube)
    bind(kube, "admin")
    caller = token(kube)
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list", "get"]}

    answer = create(kube, caller, "roles", {"metadata": {"name": "greedy"}, "rules": [rule]})

    groups = (
        f'"system:serviceaccounts" "system:serviceaccounts:{kube.namespace}" "system:authenticated"'
    )
    assert answer.status_code == 403
    assert answer.json()["message"] == (
        f'roles.rbac.authorization.k8s.io "greedy" is forbidden: user "{robot(kube)}" '
        f"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["nodes"], Verbs:["list" "get"]}'
    )


def test_nobody_binds_a_role_that_holds_more_than_they_do(kube: Kube) -> None:
    account(kube)
    bind(kube, "admin")
    caller = token(kube)

    def binding(name: str) -> dict[str, Any]:
        return {
            "metadata": {"name": f"to-{name}"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": name,
            },
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": kube.namespace}],
        }

    codes = [
        create(kube, caller, "rolebindings", binding(name)).status_code
        for name in ("view", "cluster-admin", "no-such-role")
    ]

    assert codes == [201, 403, 404]


def test_a_patch_of_a_role_is_checked_as_well(kube: Kube) -> None:
    account(kube)
    bind(kube, "admin")
    caller = token(kube)
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    create(kube, caller, "roles", {"metadata": {"name": "modest"}, "rules": [rule]})

    answer = kube.http.patch(
        kube.path("roles", "modest", root=RBAC),
        json={"rules": [{**rule, "resources": ["nodes"]}]},
        headers={
            "Authorization": f"Bearer {caller}",
            "Content-Type": "application/merge-patch+json",
        },
    )

    assert answer.status_code == 403


def test_a_binding_to_nothing_is_named_in_the_refusal(kube: Kube) -> None:
    account(kube)
    bind(kube, "gone", kind="Role")

    answer = ask(kube, token(kube), kube.path("pods"))

    assert answer.json()["message"] == (
        f'pods is forbidden: User "{robot(kube)}" cannot list resource "pods" in API group "" '
        f'in the namespace "{kube.namespace}": RBAC: '
        'role.rbac.authorization.k8s.io "gone" not found'
    )


def test_can_i_lists_what_an_account_may(kube: Kube) -> None:
    account(kube)
    bind(kube, "view")

    shown = kube.kubectl("auth", "can-i", "--list", f"--as={robot(kube)}")

    rows = {line.split()[0]: line for line in shown.splitlines() if line}
    assert "[get list watch]" in rows["pods"]
    assert "secrets" not in rows
    assert "[/healthz]" in shown


def test_can_i_answers_for_addresses_that_are_no_objects(kube: Kube) -> None:
    account(kube)

    answers = [
        kube.kubectl("auth", "can-i", "get", url, f"--as={robot(kube)}", fails=fails).strip()
        for url, fails in (("/healthz", False), ("/logs", True))
    ]

    assert answers == ["yes", "no"]


def test_who_may_impersonate_may_act_for_others(kube: Kube) -> None:
    account(kube)
    bind(kube, "edit")
    caller = token(kube)
    path = kube.path("pods")

    def act_as(name: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {caller}", "Impersonate-User": name}
        return kube.http.get(path, headers=headers)

    other = act_as(f"system:serviceaccount:{kube.namespace}:other")
    somebody = act_as("alice")

    assert f"{kube.namespace}:other" in other.json()["message"]
    assert somebody.json()["message"] == (
        f'users "alice" is forbidden: User "{robot(kube)}" cannot impersonate resource "users" '
        'in API group "" at the cluster scope'
    )
