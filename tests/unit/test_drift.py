"""The pure part of drift: what follows from what was seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from tasks import drift
from tasks.cluster import Answer, Script
from tasks.drift import certificates, support, workloads
from tasks.drift.answers import Answers
from tasks.drift.finding import Finding, Severity, Verdict
from tasks.drift.releases import Present, Wished, objects, releases
from tasks.errors import NotReadyError, RefusedError

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def finding(
    where: str = "there", severity: Severity = "warning", kind: str = "moved", source: str = "s"
) -> Finding:
    return Finding(kind, severity, where, "It moved.", "Move it back.", source)


# --- Azure's resources ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Deviation:
    address: str
    attribute: str = ""
    old: str = "1"
    new: str = "2"
    keeps_data: bool = False


def told(outside: list[Deviation], pending: list[Deviation]) -> list[tuple[str, str]]:
    found = drift.infrastructure(outside, pending, "dev", "terraform/vars/dev.tfvars")
    return [(one.kind, one.severity) for one in found]


def test_a_change_that_an_apply_would_undo_is_told_once() -> None:
    assert told([Deviation("a", "x")], [Deviation("a", "x", "2", "1")]) == [
        ("changed-outside", "warning")
    ]


def test_a_change_that_the_code_lets_be_is_information() -> None:
    assert told([Deviation("a", "x")], []) == [("changed-outside", "info")]


def test_what_is_gone_is_not_told_as_something_to_create() -> None:
    gone, again = Deviation("a", old="there", new="absent"), Deviation("a", new="there")

    assert told([gone], [again]) == [("deleted-outside", "warning")]


def test_a_vault_that_is_gone_or_would_go_is_critical() -> None:
    gone = Deviation("azurerm_key_vault.this", old="there", new="absent", keeps_data=True)

    assert told([gone], []) == [("deleted-outside", "critical")]
    assert told([], [gone]) == [("change-pending", "critical")]


def test_an_assignment_that_is_gone_is_told_by_access_only() -> None:
    address = 'module.vault_access.azurerm_role_assignment.this["reader"]'
    answers = Answers()
    answers.take("foundation", lambda: [finding(address, kind="deleted-outside")])

    assert list(answers.told()) == []

    answers.failed("access", "It was denied.", "Ask.")
    assert {one.kind for one in answers.told()} == {"deleted-outside", "could-not-look"}


# --- Sources that fail ----------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RefusedError("Denied.\nMore.", "Ask."), KeyError("value")])
def test_a_source_that_fails_is_a_finding_and_the_others_go_on(error: Exception) -> None:
    def fail() -> Iterator[Finding]:
        raise error

    answers = Answers()
    answers.take("vault", fail)
    answers.take("access", lambda: [finding()])

    assert [one.kind for one in answers.findings] == ["could-not-look", "moved"]
    assert "\n" not in answers.findings[0].what
    assert answers.blind == {"vault"}


# --- Releases and objects -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "digest", "kind"),
    [
        ("absent", "-", "release-absent"),
        ("pending-upgrade", "new", "release-stuck"),
        ("failed", "new", "release-failed"),
        ("deployed", "old", "release-outdated"),
    ],
)
def test_each_way_in_which_a_release_can_be_wrong(status: str, digest: str, kind: str) -> None:
    wished = Wished("supabase", "supabase", "new", "0.2.0", {"a": {"b": 2}})
    present = Present("supabase", "3", status, digest, "0.1.0", {"a": {"b": 1}})

    (found,) = releases([wished], {"supabase": present}, "dev")

    assert found.kind == kind
    if kind == "release-outdated":
        assert "chart 0.1.0 stands, 0.2.0 is wanted; values differ at a.b" in found.what


def test_a_release_as_the_files_say_is_no_finding() -> None:
    wished = Wished("supabase", "supabase", "same")
    present = {"supabase": Present("supabase", "3", "deployed", "same", "0.1.0")}

    assert not list(releases([wished], present, "dev"))


LOG = """\
::release supabase
::object apps.v1.Deployment.supabase.rest
::live
kind: Deployment
metadata: {name: rest, namespace: supabase, generation: 4}
spec: {replicas: 1, containers: [{name: rest, image: "a:1", env: [{name: KEY, value: private}]}]}
::wanted
kind: Deployment
metadata: {name: rest, namespace: supabase, generation: 5}
spec: {replicas: 2, containers: [{name: rest, image: "a:2", env: [{name: KEY, value: other}]}]}
::end
::object v1.Service.supabase.rest
::live

::wanted
kind: Service
metadata: {name: rest, namespace: supabase}
::end
"""


def changed() -> list[Finding]:
    present = {"supabase": Present("supabase", "3", "deployed", "same", "0.1.0")}
    return list(objects(LOG, [Wished("supabase", "supabase")], present, "dev", "supabase"))


def test_each_place_of_an_object_is_a_finding() -> None:
    assert [(one.kind, one.where) for one in changed()] == [
        ("object-changed", "supabase/Deployment/rest spec.containers[rest].env[KEY].value"),
        ("image-changed", "supabase/Deployment/rest spec.containers[rest].image"),
        ("object-changed", "supabase/Deployment/rest spec.replicas"),
        ("object-missing", "supabase/Service/rest"),
    ]


def test_values_that_may_be_secret_are_not_shown() -> None:
    texts = " ".join(one.what for one in changed())

    assert "private" not in texts
    assert "It is a:1; release supabase says a:2." in texts


# --- Pods, autoscalers, certificates --------------------------------------------------------------


def test_pods_that_are_not_ready_say_why() -> None:
    lines = ["Deployment shop rest 2 1", "Deployment shop rest-next 1 0", "StatefulSet shop db 1 1"]
    waiting = ["shop rest-5d4-x1 ImagePullBackOff", "shop rest-next-5d4-x2 CrashLoopBackOff"]

    some, none = workloads.workloads(lines, waiting)

    assert (some.severity, some.what) == ("warning", "1 of 2 pods are ready (ImagePullBackOff).")
    assert (none.severity, none.what) == ("critical", "0 of 1 pods are ready (CrashLoopBackOff).")


@pytest.mark.parametrize(
    ("line", "found"),
    [("shop rest 2 6 6 6", 1), ("shop rest 2 6 5 6", 0), ("shop rest 2 2 2 2", 0)],
)
def test_an_autoscaler_at_its_end_is_found(line: str, found: int) -> None:
    assert len(list(workloads.scalers([line]))) == found


def test_a_certificate_that_is_wanted_and_absent_is_critical() -> None:
    (found,) = certificates.certificates(["supabase-tls"], ["supabase-tls"], "shop", NOW)

    assert (found.kind, found.where) == ("certificate-missing", "shop/Secret/supabase-tls")


# --- Versions -------------------------------------------------------------------------------------

OFFERS = {
    "values": [
        {"version": "1.34", "capabilities": {"supportPlan": ["KubernetesOfficial"]}},
        {"version": "1.33", "capabilities": {"supportPlan": ["KubernetesOfficial"]}},
        {"version": "1.30", "capabilities": {"supportPlan": ["AKSLongTermSupport"]}},
        {"version": "1.9", "isPreview": True},
    ]
}


@pytest.mark.parametrize(
    ("version", "plan", "kinds"),
    [
        ("1.34.1", "KubernetesOfficial", []),
        ("1.33.2", "KubernetesOfficial", ["kubernetes-ageing"]),
        ("1.30.9", "KubernetesOfficial", ["kubernetes-unsupported"]),
        ("1.30.9", "AKSLongTermSupport", []),
    ],
)
def test_kubernetes_is_judged_by_the_clusters_support_plan(
    version: str, plan: str, kinds: list[str]
) -> None:
    cluster = {
        "name": "c",
        "properties": {"currentKubernetesVersion": version, "supportPlan": plan},
    }

    assert [one.kind for one in support.judge_kubernetes(cluster, OFFERS, "vars")] == kinds


def test_a_stopped_cluster_is_told() -> None:
    cluster = {"name": "c", "id": "/c", "properties": {"powerState": {"code": "Stopped"}}}

    (found,) = support.judge_kubernetes(cluster, {}, "vars")

    assert found.remedy == "`az aks start --ids /c`"


@pytest.mark.parametrize(
    ("version", "kinds"),
    [("17", []), ("14", ["postgresql-retired"]), ("15", []), ("12", ["postgresql-retired"])],
)
def test_postgresql_is_judged_by_its_dates(version: str, kinds: list[str]) -> None:
    server = {"name": "s", "properties": {"version": version, "state": "Ready"}}
    offers = {"value": [{"supportedServerVersions": [{"name": str(n)} for n in range(12, 18)]}]}

    found = support.judge_database(server, offers, "vars", NOW.date())

    assert [one.kind for one in found] == kinds


def test_a_version_that_retires_within_half_a_year_is_a_warning() -> None:
    server = {"name": "s", "properties": {"version": "15"}}

    (found,) = support.judge_database(server, {}, "vars", date(2027, 8, 1))

    assert (found.kind, found.severity) == ("postgresql-retiring", "warning")


# --- The exit code, and the command in the cluster ------------------------------------------------


def test_a_verdict_reaches_what_is_as_bad_or_worse() -> None:
    verdict = Verdict({"warning": 2}, "2 warning")

    assert verdict.reaches("info")
    assert verdict.reaches("warning")
    assert not verdict.reaches("critical")


@dataclass
class Cluster:
    """Remembers the script that it was given."""

    scripts: list[Script] = field(default_factory=list)

    def run(self, script: Script) -> Answer:
        self.scripts.append(script)
        return Answer({"troubles": ["pods: Forbidden"], "releases": []}, "")


class Closed:
    """A vault whose values may not be read."""

    def file(self) -> bytes:
        raise NotReadyError("The vault does not know our role.")


def test_what_cannot_be_read_in_the_cluster_is_told_part_by_part() -> None:
    cluster = Cluster()

    found = drift.look.fn(cluster, "shop", [Wished("a", "shop")], Closed())
    told = {one.source: one.what for one in drift.cluster(found, [], "dev", NOW)}

    assert cluster.scripts[0].files == {"names.list": b"a shop -\n"}
    assert told == {
        "cluster/pods": "Forbidden",
        "cluster/contents": "The vault does not know our role.",
    }
