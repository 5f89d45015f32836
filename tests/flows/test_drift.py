"""Everything that can drift, seeded at once: found once, told once, followed until resolved."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from azure.identity import ClientSecretCredential

from tests.flows.conftest import Ended, Place
from tests.flows.drifting import (
    BY_HAND,
    BY_SOMEBODY,
    CLUSTER,
    Azure,
    in_azure,
    in_the_cluster,
    in_the_vault,
    retain,
    run,
    wish,
)

pytestmark = [pytest.mark.flows, pytest.mark.timeout(900)]
HARMLESS = (
    "/runCommand",
    "/oauth2/",
    "/token",
    "/listKeys",
    "/listClusterUserCredential",
    "/sharedKeys",
)
OLD = {"kind": "kubernetes-ageing", "reason": "Upgraded in spring.", "until": "2999-12-31"}


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1


@pytest.fixture(scope="module")
def azure(place: Place) -> Iterator[Azure]:
    given = place.variables
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTPS_PROXY", "https_proxy", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, given[name])
        credential = ClientSecretCredential(
            given["ARM_TENANT_ID"], given["ARM_CLIENT_ID"], given["ARM_CLIENT_SECRET"]
        )
        token = credential.get_token("https://management.azure.com/.default").token
        with httpx.Client(
            base_url="https://management.azure.com", headers={"Authorization": f"Bearer {token}"}
        ) as http:
            yield Azure(place, credential, http)


@dataclass(frozen=True)
class Look:
    """One run of drift: when it began, what it said, what it found, what it asked."""

    began: datetime

    ended: Ended
    findings: list[dict[str, str]]
    requests: list[dict[str, Any]]
    state: str

    def of(self, kind: str) -> list[dict[str, str]]:
        return [one for one in self.findings if one["kind"] == kind]


def look(place: Place, *more: str) -> Look:
    before, began = len(place.requests()), datetime.now(UTC)
    ended = run(place, "drift", *more)
    requests = place.requests()[before:]
    shown = place.ask(
        "artifacts/filter",
        {
            "artifacts": {"key": {"any_": ["drift-sandbox"]}},
            "sort": "CREATED_DESC",
            "limit": 1,
        },
    )
    runs = place.ask(
        "flow_runs/filter",
        {"flow_runs": {"name": {"any_": ["drift-sandbox"]}}, "sort": "START_TIME_DESC", "limit": 1},
    )
    state = runs[0]["state"]["name"] if runs else ""
    findings = json.loads(shown[0]["data"]) if shown else []
    return Look(began, ended, findings, requests, state)


def events(place: Place, look: Look, after: Look | None = None) -> list[dict[str, Any]]:
    """What the run announced; with a later one, once that one's news has arrived."""
    deadline = time.monotonic() + 60
    while not (found := announced(place, (after or look).began)):
        assert time.monotonic() < deadline, "Nothing was announced."
        time.sleep(0.3)  # They are sent in the background.
    if after is None:
        return found
    return [one for one in announced(place, look.began) if one not in found]


def announced(place: Place, since: datetime) -> list[dict[str, Any]]:
    wanted = {"prefix": ["supabase.drift."]}
    told = place.ask(
        "events/filter",
        {"filter": {"event": wanted, "occurred": {"since": since.isoformat()}}},
    )
    return list(told["events"])


@pytest.fixture(scope="module")
def unchanged(place: Place) -> Look:
    """The first look at what was just deployed; its one old part is known and may stay."""
    wish(place, ignore=[OLD])
    ended = run(place, "deploy")
    assert ended.code == 0, ended.text
    return look(place)


# --- Nothing --------------------------------------------------------------------------------------


def test_what_was_just_deployed_has_not_drifted(unchanged: Look) -> None:
    assert unchanged.ended.code == 0, unchanged.ended.text
    assert "Nothing has drifted." in unchanged.ended.text
    assert unchanged.state == "Completed"


def test_a_rule_lets_one_thing_be_and_is_shown_with_its_reason(unchanged: Look) -> None:
    assert [(one["severity"], one["kind"]) for one in unchanged.findings] == [
        ("ignored", "kubernetes-ageing")
    ]
    assert "Upgraded in spring. (until 2999-12-31)" in unchanged.findings[0]["remedy"]


def test_it_needs_one_command_in_the_cluster_and_writes_nothing(unchanged: Look) -> None:
    commands = [one for one in unchanged.requests if one["path"].endswith("/runCommand")]
    writes = [
        f"{one['method']} {one['host']}{one['path']}"
        for one in unchanged.requests
        if one["method"] not in {"GET", "HEAD"}
        and not one["network"]
        and not any(part in one["path"] for part in HARMLESS)
    ]

    assert len(commands) == 1
    assert writes == []


# --- Everything -----------------------------------------------------------------------------------

RETAIN = "module.logs.azurerm_log_analytics_workspace.this retention_in_days"
DEPLOY = r"python -m flows deploy --environment sandbox"
CONFIGURE = r"python -m flows configure --environment sandbox"
BACK = r"python -m flows release --environment sandbox --name supabase --revision 1"
FOUND = {
    ("changed-outside", RETAIN): DEPLOY,
    (
        "deleted-outside",
        'module.observability[0].azurerm_monitor_metric_alert.this["BlobLatencyHigh"]',
    ): DEPLOY,
    ("change-pending", "module.logs.azurerm_log_analytics_workspace.this daily_quota_gb"): DEPLOY,
    ("release-outdated", "release supabase"): DEPLOY,  # Its pods have not read the new secrets.
    ("release-stuck", "release s3proxy"): r"python -m flows release --environment sandbox",
    (
        "image-changed",
        "supabase/Deployment/supabase-meta spec.template.spec.containers[meta].image",
    ): BACK,
    ("object-changed", "supabase/Deployment/supabase-meta spec.replicas"): BACK,
    ("object-missing", "supabase/NetworkPolicy/supabase-imgproxy"): BACK,
    ("object-changed", "supabase/ExternalSecret/supabase-rest spec.refreshInterval"): BACK.replace(
        "name supabase", "name platform"
    ),
    (
        "object-changed",
        "external-secrets/Deployment/external-secrets spec.replicas",
    ): r"helm rollback external-secrets 1 -n external-secrets",
    ("pods-not-ready", "supabase/Deployment/supabase-meta"): r"kubectl describe deployment",
    ("scaled-to-max", "supabase/HorizontalPodAutoscaler/supabase-rest"): r"autoscaling:",
    ("secret-missing", "vault postgres-connection-string"): r"python -m flows seed-secrets",
    ("secret-disabled", "vault dashboard-username"): r"az keyvault secret set-attributes",
    ("secret-expired", "vault pg-username"): r"az keyvault secret set-attributes",
    (
        "secret-expiring",
        "vault realtime-metrics-secret",
    ): r"rotate .* --only realtime-metrics-secret",
    ("secret-edited", "Secret supabase-studio"): CONFIGURE,
    ("secret-not-synced", "Secret supabase-gateway"): CONFIGURE,
    ("secret-not-synced", "Secret supabase-test"): CONFIGURE,
    ("secret-not-synced", "Secret supabase-rest"): CONFIGURE,
    ("set-mixed", "vault jwt-set"): DEPLOY,
    ("certificate-expiring", "supabase/Secret/near-its-end"): r"[Rr]enew",
    (
        "kubernetes-ageing",
        "cluster supabase-sandbox-aks",
    ): r"Set cluster\.version in .*drift\.tfvars to one of 1\.32, 1\.33, 1\.34",
}


@pytest.fixture(scope="module")
def seeded(place: Place, azure: Azure, unchanged: Look) -> Look:
    """Somebody was here: in the portal, in the cluster, in the vault and in the files."""
    assert unchanged.ended.code == 0, unchanged.ended.text
    in_azure(azure)
    in_the_cluster(azure)
    in_the_vault(azure)
    wish(place, ignore=[], gigabytes=2)
    return look(place)


@pytest.mark.parametrize(("kind", "where"), FOUND)
def test_each_kind_of_drift_is_found_once_with_its_remedy(
    seeded: Look, kind: str, where: str
) -> None:
    found = [one for one in seeded.of(kind) if one["where"] == where]

    assert len(found) == 1, seeded.ended.text
    assert re.search(FOUND[kind, where], found[0]["remedy"])


def test_a_role_that_is_gone_and_one_too_many_are_found_once(seeded: Look) -> None:
    (missing,), (extra,) = seeded.of("role-missing"), seeded.of("role-extra")

    assert "Storage Blob Data" in missing["where"]
    assert re.search(DEPLOY, missing["remedy"])
    assert extra["where"].startswith("Reader on vaults/supabase-sandbox-kv for ")
    assert "az role assignment delete --ids /subscriptions/" in extra["remedy"]


def test_nothing_else_is_found(seeded: Look) -> None:
    roles = {"role-missing", "role-extra"}
    found = {(one["kind"], one["where"]) for one in seeded.findings if one["kind"] not in roles}

    assert found == set(FOUND)


def test_drift_is_a_completed_run_an_exit_code_and_one_event(
    place: Place, unchanged: Look, seeded: Look
) -> None:
    (event,) = events(place, seeded)

    assert seeded.ended.code == 3, seeded.ended.text
    assert seeded.state == "Drifted"
    assert event["event"] == "supabase.drift.detected"
    assert event["resource"]["prefect.resource.id"] == "supabase.environment.sandbox"
    assert event["payload"]["severity"] == "critical"
    assert len(event["payload"]["fingerprints"]) == len(seeded.findings)
    assert len([one for one in seeded.requests if one["path"].endswith("/runCommand")]) == 1
    assert events(place, unchanged, after=seeded) == []


def test_no_value_of_a_secret_is_shown(seeded: Look, place: Place) -> None:
    texts = json.dumps([seeded.findings, events(place, seeded)]) + seeded.ended.text
    private = [BY_SOMEBODY, BY_HAND]
    private += [str(one) for one in place.variables.values() if "SECRET" in str(one)]

    assert [value for value in private if value in texts] == []


# --- The next times -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def again(place: Place, seeded: Look) -> Look:
    assert seeded.ended.code == 3, seeded.ended.text
    return look(place)


def test_what_is_known_is_not_told_again(seeded: Look, again: Look) -> None:
    assert again.ended.code == 3, again.ended.text
    assert again.findings == seeded.findings


@pytest.fixture(scope="module")
def better(place: Place, azure: Azure, again: Look) -> Look:
    """Some of it was put back, some may stay, and one permission has run out."""
    assert again.ended.code == 3, again.ended.text
    retain(azure, 30)
    azure.inside("kubectl delete secret near-its-end -n supabase")
    rules = [
        {"kind": "object-*", "where": "supabase/*", "reason": "A trial.", "until": "2999-12-31"},
        {"where": "vault pg-username", "reason": "Over.", "until": "2020-01-01"},
    ]
    wish(place, ignore=[OLD, *rules])
    return look(place)


def test_what_is_over_is_told_once_and_kept_in_the_history(place: Place, better: Look) -> None:
    (resolved,) = [one for one in news(place, better) if one["event"].endswith("resolved")]
    shown = place.ask(
        "artifacts/filter",
        {
            "artifacts": {"key": {"any_": ["drift-history-sandbox"]}},
            "sort": "CREATED_DESC",
            "limit": 1,
        },
    )
    history = json.loads(shown[0]["data"])
    ended = {one["where"] for one in history if one["resolved"]}

    assert ended == {
        RETAIN,
        "module.logs.azurerm_log_analytics_workspace.this daily_quota_gb",
        "supabase/Secret/near-its-end",
    }
    assert resolved["payload"]["resolved"] == 3
    assert all(one["first"] <= one["last"] for one in history)


def news(place: Place, look: Look) -> list[dict[str, Any]]:
    """Both events of one run; they need not arrive together."""
    deadline = time.monotonic() + 60
    while len(found := events(place, look)) < 2:
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    return found


def test_what_was_known_was_announced_once(place: Place, again: Look, better: Look) -> None:
    assert len(news(place, better)) == 2
    assert events(place, again, after=better) == []


def test_rules_hide_what_they_name_until_they_run_out(place: Place, better: Look) -> None:
    hidden = {one["kind"] for one in better.findings if one["severity"] == "ignored"}
    (detected,) = [one for one in news(place, better) if one["event"].endswith("detected")]

    assert hidden == {"object-changed", "object-missing", "kubernetes-ageing"}
    assert better.of("secret-expired")[0]["severity"] == "critical"
    assert better.of("ignore-expired")[0]["severity"] == "warning"
    assert detected["payload"]["new"] == {"warning": 1}


def test_a_cluster_that_cannot_be_asked_is_a_finding_and_nothing_of_it_is_resolved(
    place: Place, azure: Azure, better: Look
) -> None:
    cluster = f"{azure.group}/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"
    azure.arm("POST", f"{cluster}/stop", "2025-02-01")

    blind = look(place)

    assert blind.ended.code == 3, blind.ended.text
    assert "Traceback" not in blind.ended.text
    (told,) = blind.of("could-not-look")
    assert told["where"] == "cluster"
    assert blind.of("cluster-stopped")[0]["remedy"].startswith("`az aks start")
    assert {one["event"] for one in events(place, blind)} == {"supabase.drift.detected"}
    assert better.of("release-stuck")


def test_while_another_run_changes_the_environment_it_looks_away(place: Place) -> None:
    limits = f"{place.api}/v2/concurrency_limits"
    taken = {"names": ["environment-sandbox"], "slots": 1, "mode": "concurrency"}
    httpx.post(f"{limits}/increment", json=taken, trust_env=False).raise_for_status()
    try:
        away = look(place)
    finally:  # Tests of other files share the server.
        httpx.post(f"{limits}/decrement", json=taken, trust_env=False).raise_for_status()

    assert away.ended.code == 0, away.ended.text
    assert away.state == "LookedAway"
    assert "Environment sandbox is held by" in away.ended.text
    assert away.requests == []
