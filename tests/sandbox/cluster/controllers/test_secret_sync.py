"""The script that brings Secrets up to the vault, with kubectl, in front of the operator."""

import asyncio
import contextlib
import hashlib
import ssl
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from sandbox.cloud.container_service import toolbox
from tasks import external_secrets
from tasks.catalogue import Consumer
from tasks.catalogue.consumers import Key
from tasks.cluster import Answer, Script, parse_answer
from tasks.errors import NotReadyError, RefusedError
from tasks.external_secrets import Source, Synced
from tests.sandbox.cluster.controllers.conftest import Live, in_demo, pump
from tests.sandbox.cluster.controllers.external_secrets.conftest import (
    account,
    install,
    store,
    told,
)

ROOT = "/apis/external-secrets.io/v1/namespaces/demo/externalsecrets"
KEYS = (Key("plain", "plain"), Key("keyId", "pair", "keyId"), Key("accessKey", "pair", "accessKey"))


@dataclass(frozen=True)
class Version:
    value: str = field(repr=False)
    version: str


@dataclass
class Here:
    """Runs a script with the programs of Azure's image; keeps what it printed."""

    folder: Path
    kubeconfig: Path
    programs: Path
    printed: str = ""
    sent: list[Script] = field(default_factory=list)

    def run(self, script: Script) -> Answer:
        self.sent.append(script)
        for name, content in script.content().items():
            self.folder.joinpath(name).write_bytes(content)
        done = subprocess.run(
            ["bash", "-c", "exec bash start.sh 2>&1"],
            cwd=self.folder,
            env={
                "PATH": str(self.programs),
                "KUBECONFIG": str(self.kubeconfig),
                "TMPDIR": str(self.folder),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.printed = done.stdout
        return parse_answer(script.name, done.returncode, done.stdout)


@dataclass
class Estate:
    """A cluster with an operator, the way into it, and what the vault holds."""

    live: Live
    here: Here
    versions: dict[str, str] = field(default_factory=dict)

    def hold(self, **values: str) -> None:
        """Give the vault a version of each that its readers have not seen."""
        self.live.world.secrets.update(values)
        for name in values:
            self.versions[name] = str(int(self.versions.get(name, "0")) + 1)

    def want(self, *names: str, keys: tuple[Key, ...] = KEYS) -> tuple[Consumer, ...]:
        """An ExternalSecret for each of these, as the platform chart makes it."""
        readers = tuple(Consumer(name, keys) for name in names)
        for reader in readers:
            data = [
                {"secretKey": key.name, "remoteRef": {"key": key.remote, "property": key.part}}
                for key in reader.keys
            ]
            spec = {"refreshInterval": "1h", "secretStoreRef": {"name": "vault"}, "data": data}
            version = "external-secrets.io/v1"
            self.live.create(in_demo("ExternalSecret", reader.secret, version, spec=spec))
        return readers

    def sync(self, *readers: Consumer, patience: float = 20) -> Synced:
        source = Source("https://demo.vault.azure.net/", readers, self._read)
        return external_secrets.sync.fn(self.here, "demo", source, patience)

    def _read(self, _uri: str, names: Sequence[str]) -> Mapping[str, Version]:
        held = self.live.world.secrets
        return {name: Version(held[name], self.versions[name]) for name in names if name in held}

    def nudged(self, name: str) -> str:
        found = self.live.get(f"{ROOT}/{name}")["metadata"].get("annotations") or {}
        return str(found.get("force-sync", ""))


@contextlib.contextmanager
def entrance(live: Live, folder: Path) -> Iterator[Path]:
    """A kubeconfig that reaches the cluster's socket over TLS: kubectl signs in nowhere else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    live.stage.authority.issue_cert("127.0.0.1").configure_cert(context)

    async def through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_unix_connection(str(live.settings.socket))
        await asyncio.gather(pump(reader, outer), pump(inner, writer))

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(through, "127.0.0.1", 0, ssl=context)

    async def stop() -> None:
        server.close()

    server = live.do(listen())
    port = server.sockets[0].getsockname()[1]
    authority = str(live.settings.ca)
    address = {"server": f"https://127.0.0.1:{port}", "certificate-authority": authority}
    config = {
        "clusters": [{"name": "it", "cluster": address}],
        "users": [{"name": "it", "user": {"token": live.cluster.admin_token()}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "current-context": "it",
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    try:
        yield path
    finally:
        live.do(stop())


@pytest.fixture(scope="module")
def here(
    start_live: Callable[[Path], Live], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Live, Here]]:
    """A cluster with a running operator and a valid store, and the way into it."""
    folder = tmp_path_factory.mktemp("cluster")
    live = start_live(folder)
    install(live)
    live.create(account(in_demo))
    stores = ROOT.replace("externalsecrets", "secretstores")
    live.until(lambda: live.http.get(stores).status_code == 200)
    live.create(store(in_demo))
    live.until(lambda: told(live, "secretstores/vault")[1] == "Valid")
    command = folder / "command"
    command.mkdir()
    with entrance(live, folder) as kubeconfig:
        yield live, Here(command, kubeconfig, toolbox.make(folder / "programs"))


@pytest.fixture
def estate(here: tuple[Live, Here]) -> Iterator[Estate]:
    live, way = here
    way.sent.clear()
    ready = Estate(live, way)
    ready.hold(plain='a "value" with $signs, spaces and\nlines: \u00e4\u00f6\u00fc', pair=pair("1"))
    yield ready
    live.world.forbidden = False
    for item in live.items(ROOT):
        live.delete(f"{ROOT}/{item['metadata']['name']}")
    live.until(lambda: not live.items("/api/v1/namespaces/demo/secrets"))  # They go with theirs.


def pair(text: str) -> str:
    return f'{{"keyId":"id-{text}","accessKey":"a \\"key\\" {text}"}}'


def test_what_is_in_place_takes_one_command_and_no_nudge(estate: Estate) -> None:
    (app,) = estate.want("app")
    estate.live.until(lambda: told(estate.live, "externalsecrets/supabase-app")[0] == "True")

    synced = estate.sync(app)

    assert synced.names == ("supabase-app",)
    assert len(estate.here.sent) == 1
    assert estate.nudged("supabase-app") == ""


def test_a_value_that_changed_is_asked_for_and_only_by_those_who_read_it(estate: Estate) -> None:
    app, other = (
        *estate.want("app"),
        *estate.want("other", keys=(Key("plain", "plain"),)),
    )
    before = estate.sync(app, other)
    marks = [estate.nudged("supabase-other"), estate.nudged("supabase-app")]
    estate.hold(pair=pair("2"))

    after = estate.sync(app, other)

    assert estate.nudged("supabase-other") == marks[0]
    assert estate.nudged("supabase-app") != marks[1]
    changed = [name for name in after.names if before.revisions[name] != after.revisions[name]]
    assert changed == ["supabase-app"]


def test_a_secret_that_somebody_changed_in_the_cluster_is_seen(estate: Estate) -> None:
    (app,) = estate.want("app")
    first = estate.sync(app)
    path = "/api/v1/namespaces/demo/secrets/supabase-app"
    estate.live.world.forbidden = True  # The operator would repair it before we look.
    estate.live.patch(path, {"data": {"plain": "/wD+", "keyId": None}})

    with pytest.raises(NotReadyError) as caught:
        estate.sync(app, patience=2)

    assert "supabase-app: lacks keyId; holds something older in plain" in caught.value.message
    estate.live.world.forbidden = False
    assert estate.sync(app).revisions == first.revisions


def test_a_vault_that_refuses_is_told_with_the_newest_event_and_its_cause(estate: Estate) -> None:
    estate.live.world.forbidden = True
    (app,) = estate.want("app")
    told(estate.live, "externalsecrets/supabase-app")

    with pytest.raises(NotReadyError) as caught:
        estate.sync(app, patience=2)

    assert (
        "1 of 1 secrets are not in the cluster yet: supabase-app: has no " in caught.value.message
    )
    assert "SecretSyncedError (error processing spec.data[0] (key: plain)" in caught.value.message
    assert "lacks Key Vault Secrets User on demo (it asked for plain)" in caught.value.hint


def test_an_operator_that_was_refused_is_asked_again_as_soon_as_it_helps(estate: Estate) -> None:
    estate.live.world.forbidden = True
    (app,) = estate.want("app")
    told(estate.live, "externalsecrets/supabase-app")
    estate.live.world.forbidden = False

    synced = estate.sync(app)

    assert synced.names == ("supabase-app",)


def test_an_external_secret_that_is_not_ours_has_to_be_ready_too(estate: Estate) -> None:
    (app,) = estate.want("app")
    estate.want("own", keys=(Key("x", "absent"),))

    with pytest.raises(NotReadyError, match=r"1 of 2 .*: supabase-own: Secret") as caught:
        estate.sync(app, patience=2)

    assert "demo lacks absent: run seed-secrets" in caught.value.hint


def test_a_reader_without_an_external_secret_is_final(estate: Estate) -> None:
    estate.want("app")

    with pytest.raises(RefusedError, match="no ExternalSecret supabase-new") as caught:
        estate.sync(Consumer("new", KEYS), patience=2)

    assert "configure" in caught.value.hint


def test_what_the_vault_lacks_is_final_and_costs_no_command(estate: Estate) -> None:
    keys = (Key("plain", "plain"), Key("x", "absent"), Key("part", "pair", "part"))

    with pytest.raises(RefusedError, match=r"demo lacks absent \(for .*\), pair/part \(for "):
        estate.sync(Consumer("app", keys))

    assert estate.here.sent == []


def test_neither_value_nor_plain_digest_is_seen_on_the_way(estate: Estate) -> None:
    (app,) = estate.want("app")
    estate.sync(app)
    estate.hold(plain="changed")
    estate.live.world.forbidden = True

    with pytest.raises(NotReadyError) as caught:
        estate.sync(app, patience=2)

    sent = b"\n".join(estate.here.sent[-1].content().values()).decode()
    salts = {script.files["expected"].split(b"\n")[0] for script in estate.here.sent}
    for text in (estate.here.printed, sent, str(caught.value), repr(estate.here.sent)):
        assert "changed" not in text
        assert hashlib.sha256(b"changed").hexdigest() not in text
        assert hashlib.sha256(b"Y2hhbmdlZA==").hexdigest() not in text
    assert len(salts) == len(estate.here.sent)
