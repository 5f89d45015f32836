"""Our `helm`: its command line alone, and against a simulated cluster."""

import asyncio
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
import uvicorn
import yaml

from sandbox.cloud.container_service.toolbox import install_helm
from sandbox.cluster import Settings
from sandbox.cluster.cluster import Cluster
from sandbox.latency import Latency
from sandbox.tools.helm import flags, values

HELLO = {
    "Chart.yaml": "{apiVersion: v2, name: hello, version: 1.2.3, appVersion: '4.5'}",
    "values.yaml": "greeting: hello\nreplicas: 1\nlist: [a, b]\nnested: {kept: 1, gone: 2}\n",
    "templates/map.yaml": (
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: '{{ .Release.Name }}'},"
        " data: {greeting: {{ .Values.greeting | quote }}, all: {{ toJson .Values | quote }}}}"
    ),
    "templates/deployment.yaml": (
        "{apiVersion: apps/v1, kind: Deployment, metadata: {name: '{{ .Release.Name }}'}, spec:"
        " {replicas: {{ .Values.replicas }}, selector: {matchLabels: {app: hello}}, template:"
        " {metadata: {labels: {app: hello}}, spec: {containers: [{name: main, image:"
        " '{{ .Values.image | default \"registry.example/hello:1\" }}'}]}}}}"
    ),
    "templates/test.yaml": (
        "{apiVersion: v1, kind: Pod, metadata: {name: '{{ .Release.Name }}-test', annotations:"
        " {helm.sh/hook: test}}, spec: {restartPolicy: Never, containers: [{name: main, image:"
        " 'curlimages/curl:8.10.1', command: [sh, -c, 'echo tested']}]}}"
    ),
    "templates/NOTES.txt": "Say {{ .Values.greeting }}.\n",
}


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """A folder with charts, and a PATH on which there is nothing but our helm."""

    folder: Path
    kubeconfig: str = ""

    @property
    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.folder), "PATH": str(self.folder / "bin")}
        return home | {"KUBECONFIG": self.kubeconfig}

    def write(self, name: str, text: str) -> str:
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return name

    def helm(self, *arguments: str, given: str | None = None) -> Answer:
        done = subprocess.run(
            [self.folder / "bin" / "helm", *arguments],
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.folder / "bin" / "helm", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "bin").mkdir()
    install_helm(tmp_path / "bin")
    shell = Shell(tmp_path)
    for name, text in HELLO.items():
        shell.write(f"hello/{name}", text)
    return shell


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A simulated cluster on a loopback port, for all tests of this module."""
    folder = tmp_path_factory.mktemp("cluster")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    cluster = Cluster(
        Settings(
            name="lab",
            fqdn="lab.privatelink.westeurope.azmk8s.io",
            issuer="https://westeurope.oic.prod-aks.azure.com/tenant/lab/",
            socket=folder / "api.sock",
            state=folder,
            latency=Latency("instant"),
            proxy="http://lab:token@127.0.0.1:9",
            ca=folder / "ca.pem",
            authorize=lambda _who, _verb, _what: False,
        )
    )
    door = socket.create_server(("127.0.0.1", 0))
    configuration = uvicorn.Config(cluster.api, lifespan="off", ws="none", log_level="error")
    configuration.load()
    configuration.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(configuration.ssl)
    server = uvicorn.Server(configuration)

    async def serve() -> None:
        await cluster.start()
        await server.serve([door])
        await cluster.stop()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    until(lambda: server.started)
    entry = {
        "server": f"https://127.0.0.1:{door.getsockname()[1]}",
        "certificate-authority": str(folder / "ca.pem"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": entry}],
        "users": [{"name": "admin", "user": {"token": cluster.admin_token()}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "admin"}}],
        "current-context": "lab",
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(document))
    yield str(file)
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def connected(shell: Shell, kubeconfig: str) -> Shell:
    shell.kubeconfig = kubeconfig
    return shell


# --- The command line ----------------------------------------------------------------------------

KNOWN = (
    flags.Flag("namespace", short="n"),
    flags.Flag("values", "list", short="f"),
    flags.Flag("wait", "optional", bare="watcher"),
    flags.Flag("timeout", "duration"),
    flags.Flag("install", "switch", short="i"),
    flags.Flag("new", "switch"),
    flags.Flag("old", "switch", instead="new"),
)


def test_flags_stand_anywhere_and_in_every_form() -> None:
    line = "-i web -n=prod --wait ./chart -fa.yaml --values b.yaml --timeout=1m30s"

    found = flags.parse(line.split(), KNOWN)

    assert found.words == ["web", "./chart"]
    assert found.texts("values") == ["a.yaml", "b.yaml"]
    assert (found.text("namespace"), found.text("wait")) == ("prod", "watcher")
    assert (found.number("timeout"), found.on("install")) == (90, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--nonsense", "unknown flag: --nonsense"),
        ("-x", "unknown shorthand flag: 'x' in -x"),
        ("--namespace", "flag needs an argument: --namespace"),
        ("--timeout soon", 'invalid duration "soon"'),
    ],
)
def test_a_bad_flag_is_refused_in_helms_words(line: str, said: str) -> None:
    with pytest.raises(flags.UsageError, match=said):
        flags.parse(line.split(), KNOWN)


def test_a_deprecated_flag_works_and_warns() -> None:
    found = flags.parse(["--old"], KNOWN)

    assert found.on("new")
    assert found.warnings == ["Flag --old has been deprecated, use --new instead"]


def test_later_values_win_and_null_is_kept_for_helm_to_remove(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: {x: 1, z: 2}\nlist: [{size: 1}, {size: 2}]\n")
    (tmp_path / "b.yaml").write_text("a: {x: 3, z: null}\n")
    files = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    chosen = {"values": files, "set": ["list[1].size=5,text=yes"], "set-string": ["number=1"]}

    found = values.merged(flags.Arguments(flags=dict(chosen)))

    assert found["a"] == {"x": 3, "z": None}
    assert found["list"] == [{"size": 1}, {"size": 5}]
    assert (found["text"], found["number"]) == ("yes", "1")


# --- Without a cluster ---------------------------------------------------------------------------


def test_the_version_is_told_in_three_forms(shell: Shell) -> None:
    whole = shell.helm("version").out
    short = shell.helm("version", "--short").out
    shaped = shell.helm("version", "--template", "{{.Version}}").out

    assert whole.startswith('version.BuildInfo{Version:"v4.')
    assert short == f"{shaped}\n"


def test_an_unknown_flag_or_command_ends_with_1(shell: Shell) -> None:
    flag = shell.helm("upgrade", "web", "hello", "--frobnicate")
    command = shell.helm("frobnicate")

    assert (flag.code, flag.err) == (1, "Error: unknown flag: --frobnicate\n")
    assert (command.code, command.err) == (1, 'Error: unknown command "frobnicate" for "helm"\n')


def test_a_template_shows_the_release_and_its_hooks(shell: Shell) -> None:
    more = shell.write("more.yaml", "greeting: hi\nnested: {gone: null}\n")

    found = shell.helm("template", "web", "hello", "-f", more, "--set", "list={c}")

    objects = {one["kind"]: one for one in yaml.safe_load_all(found.out)}
    assert set(objects) == {"ConfigMap", "Deployment", "Pod"}
    used = json.loads(objects["ConfigMap"]["data"]["all"])
    assert (used["greeting"], used["list"], used["nested"]) == ("hi", ["c"], {"kept": 1})


def test_a_broken_template_says_where(shell: Shell) -> None:
    shell.write("hello/templates/broken.yaml", "a: {{ .Values.missing.key }}")

    found = shell.helm("template", "web", "hello")

    assert found.code == 1
    assert "templates/broken.yaml:1" in found.err


def test_lint_counts_and_fails(shell: Shell) -> None:
    good = shell.helm("lint", "hello")
    shell.write("hello/Chart.yaml", "{apiVersion: v2, name: hello}")

    bad = shell.helm("lint", "hello")

    assert (good.code, "1 chart(s) linted, 0 chart(s) failed" in good.out) == (0, True)
    assert (bad.code, bad.err) == (1, "Error: 1 chart(s) linted, 1 chart(s) failed\n")


def test_a_package_can_be_shown(shell: Shell) -> None:
    packed = shell.helm("package", "hello", "-d", "dist")

    shown = shell.helm("show", "chart", "dist/hello-1.2.3.tgz")

    assert "Successfully packaged chart" in packed.out
    assert yaml.safe_load(shown.out)["version"] == "1.2.3"


# --- In a cluster --------------------------------------------------------------------------------


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


def until(reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)
