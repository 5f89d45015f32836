"""Releases in a cluster."""

import os
import signal

import pytest

from tests.sandbox.helm.conftest import Shell, until


@pytest.fixture
def connected(shell: Shell, kubeconfig: str) -> Shell:
    shell.kubeconfig = kubeconfig
    return shell


def test_a_release_is_installed_upgraded_and_rolled_back(connected: Shell) -> None:
    place = ("-n", "life")

    first = connected.helm(
        "upgrade", "--install", "web", "hello", *place, "--create-namespace", "--wait",
        "--timeout", "30s", "--rollback-on-failure", "--history-max", "5",
    )  # fmt: skip
    second = connected.helm("upgrade", "--install", "web", "hello", *place, "--set", "greeting=hi")
    back = connected.helm("rollback", "web", "1", *place, "--wait", "--timeout", "30s")

    assert first.out.startswith('Release "web" does not exist. Installing it now.\nNAME: web\n')
    assert "NOTES:\nSay hello." in first.out
    assert second.out.startswith('Release "web" has been upgraded. Happy Helming!\n')
    assert (back.code, back.out) == (0, "Rollback was a success! Happy Helming!\n")
    history = connected.helm("history", "web", *place, "-o", "json").json
    assert [one["status"] for one in history] == ["superseded", "superseded", "deployed"]
    assert history[2]["description"] == "Rollback to 1"


def test_scripts_read_releases_as_json(connected: Shell) -> None:
    place = ("-n", "read", "-o", "json")
    connected.helm("install", "web", "hello", "-n", "read", "--create-namespace", "--set", "a=1")

    listed = connected.helm("list", *place).json
    status = connected.helm("status", "web", *place).json
    given = connected.helm("get", "values", "web", *place).json
    computed = connected.helm("get", "values", "web", "-a", *place).json

    updated = listed[0].pop("updated")
    assert updated.endswith(" +0000 UTC")
    assert listed == [
        {
            "name": "web",
            "namespace": "read",
            "revision": "1",
            "status": "deployed",
            "chart": "hello-1.2.3",
            "app_version": "4.5",
        }
    ]
    assert (status["version"], status["info"]["status"]) == (1, "deployed")
    assert given == {"a": 1}
    assert computed["greeting"] == "hello"


def test_what_is_not_there_is_an_error(connected: Shell) -> None:
    status = connected.helm("status", "none", "-n", "default")
    upgrade = connected.helm("upgrade", "none", "hello", "-n", "default")
    uninstall = connected.helm("uninstall", "none", "-n", "default")
    tolerant = connected.helm("uninstall", "none", "-n", "default", "--ignore-not-found")

    assert (status.code, status.err) == (1, "Error: release: not found\n")
    assert upgrade.err == 'Error: UPGRADE FAILED: "none" has no deployed releases\n'
    assert (uninstall.code, "release: not found" in uninstall.err) == (1, True)
    assert tolerant.code == 0


def test_a_failed_upgrade_is_undone_when_asked(connected: Shell) -> None:
    place = ("-n", "undo")
    connected.helm("install", "web", "hello", *place, "--create-namespace", "--wait")

    failed = connected.helm(
        "upgrade", "web", "hello", *place, "--set", "image=registry.example/does-not-exist",
        "--set", "replicas=-1", "--atomic", "--timeout", "3s",
    )  # fmt: skip

    assert failed.code == 1
    assert "Flag --atomic has been deprecated" in failed.err
    assert "Error: UPGRADE FAILED: " in failed.err
    history = connected.helm("history", "web", *place, "-o", "json").json
    assert [one["status"] for one in history][-2:] == ["failed", "deployed"]


def test_a_terminated_upgrade_leaves_a_failed_release_not_a_pending_one(connected: Shell) -> None:
    place = ("-n", "term")
    connected.helm("install", "web", "hello", *place, "--create-namespace", "--wait")
    unready = ("--set", "image=registry.example/hello:does-not-exist")

    running = connected.start("upgrade", "web", "hello", *place, "--wait", *unready)
    until(lambda: revisions(connected, "term") == ["deployed", "pending-upgrade"])
    os.kill(running.pid, signal.SIGTERM)
    _, complaint = running.communicate(timeout=30)

    assert running.returncode == 1
    assert "context canceled" in complaint
    assert revisions(connected, "term") == ["deployed", "failed"]


def test_tests_of_a_release_run_and_report(connected: Shell) -> None:
    place = ("-n", "tests")
    connected.helm("install", "web", "hello", *place, "--create-namespace", "--wait")

    found = connected.helm("test", "web", *place, "--timeout", "30s")

    assert found.code == 0
    assert "TEST SUITE:     web-test" in found.out
    assert "Phase:          Succeeded" in found.out


def test_an_uninstalled_release_is_gone(connected: Shell) -> None:
    connected.helm("install", "web", "hello", "-n", "gone", "--create-namespace")

    found = connected.helm("uninstall", "web", "-n", "gone", "--wait", "--timeout", "30s")

    assert (found.code, found.out) == (0, 'release "web" uninstalled\n')
    assert connected.helm("list", "-n", "gone", "-o", "json").json == []


def revisions(shell: Shell, namespace: str) -> list[str]:
    found = shell.helm("history", "web", "-n", namespace, "-o", "json")
    return [one["status"] for one in found.json]
