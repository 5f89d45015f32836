"""AKS runCommand: what a client sends, sees while it waits, and gets."""

import asyncio
import base64
import io
import re
import shutil
import stat
import threading
import warnings
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, ArmError, Caller, ResourceId, TokenError
from sandbox.cloud import container_service
from sandbox.cloud.container_service import ClusterAccess, Commands, Execution, run_command
from sandbox.cloud.container_service import context as context_of_commands
from sandbox.latency import Latency
from sandbox.store import Resource, Store
from sandbox.weather import Weather

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/lab-aks"
AUDIENCE = "6dae42f8-4368-4678-94ff-3960e28e3630"


@dataclass
class FakeCluster:
    """A cluster as far as commands can see it."""

    settings: Any
    room: bool = True
    starts: bool = True
    objection: str = ""
    pods: dict[str, Any] = field(default_factory=dict)

    async def create_pod(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if self.objection:
            raise PermissionError(self.objection)
        self.pods[manifest["metadata"]["name"]] = manifest
        if self.room:
            manifest["spec"]["nodeName"] = "node-1"
        if self.room and self.starts:
            manifest["status"] = {"phase": "Running"}
        return manifest

    async def await_pod(
        self, made: dict[str, Any], reached: Callable[[Any], bool], seconds: float
    ) -> dict[str, Any] | None:
        name = made["metadata"]["name"]
        deadline = asyncio.get_running_loop().time() + min(seconds, 60)
        while name in self.pods and not reached(made) and self.room and self.starts:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.01)
        return self.pods.get(name)

    async def end_pod(self, made: dict[str, Any]) -> None:
        self.pods.pop(made["metadata"]["name"], None)

    def kubeconfig(self, token: str, proxy: str) -> str:
        return f"# token {token} through {proxy}\n"

    def admin_token(self) -> str:
        return "of-the-administrator"

    def entra_token(self, object_id: str) -> str:
        return f"of-{object_id}"


def check_token(token: str, audience: str) -> Caller:
    if token != "good" or audience != AUDIENCE:
        raise TokenError("The access token is not valid.")
    return Caller("alice", "application")


class Cloud:
    """A cloud with one cluster, and one that sends commands to it."""

    def __init__(self, folder: Path, latency: Latency | None = None) -> None:
        self.folder = folder
        self.store = Store(latency)
        settings = SimpleNamespace(proxy="http://net:token@127.0.0.1:1", ca=folder / "ca.pem")
        self.inside = FakeCluster(settings)
        self.cluster: ClusterAccess | None = self.inside
        runs = Execution(self.store.latency, folder / "run", Weather(self.store.latency))
        self.commands = Commands(self.access, check_token, runs, lambda _id: self.policies)
        self.policies: list[Resource] = []
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        properties = {"powerState": {"code": "Running"}, "nodeResourceGroup": "MC_lab"}
        body = {"location": "westeurope", "properties": properties}
        self.resource, _ = self.store.put(ResourceId(CLUSTER), body)
        routes = container_service.routes(self.store, self.commands)
        for route in routes:  # As the application does for all of ARM.
            route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
        app = Starlette(routes=routes, exception_handlers={arm.ArmError: arm.answer})

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(known), base_url=f"https://{arm.HOST}"
        )

    async def access(self, _resource: Resource) -> ClusterAccess:
        if self.cluster is None:
            raise ArmError(404, "NotFound", "No cluster runs.")
        return self.cluster

    async def send(self, command: str, **more: Any) -> httpx.Response:
        url = f"{CLUSTER}/runCommand?api-version=2025-10-01"
        return await self.client.post(url, json={"command": command, **more})

    async def run(self, command: str, **more: Any) -> dict[str, Any]:
        """Send, poll the address of the answer, and return the properties of the result."""
        sent = await self.send(command, **more)
        assert sent.status_code == 202, sent.text
        while True:
            answer = await self.client.get(sent.headers["Location"])
            if answer.status_code != 202:
                found: dict[str, Any] = answer.json()["properties"]
                return found
            await asyncio.sleep(0.02)


Scenario = Callable[[Cloud], Awaitable[Any]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scenario], Any]:
    """Play a scenario in a fresh cloud, and close the cloud after it."""

    def run(scenario: Scenario) -> Any:
        async def whole() -> Any:
            cloud = Cloud(tmp_path)
            try:
                return await asyncio.wait_for(scenario(cloud), 60)
            finally:
                await cloud.commands.close()

        return asyncio.run(whole())

    return run


def archive(files: dict[str, str], mode: int = 0o644) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, text)
    return base64.encodebytes(target.getvalue()).decode()  # With line ends, as az sends it.


def test_the_newest_results_are_kept_and_a_running_command_is_never_forgotten(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_command, "KEPT", 2)

    async def scenario(cloud: Cloud) -> list[int]:
        async def ask(sent: httpx.Response) -> int:
            return (await cloud.client.get(sent.headers["Location"])).status_code

        async def end(sent: httpx.Response) -> None:
            while True:
                if await ask(sent) != 202:
                    return
                await asyncio.sleep(0.02)

        slow = await cloud.send("sleep 30")
        sent = []
        for number in range(4):
            sent.append(await cloud.send(f"echo {number}"))
            await end(sent[-1])
        return [await ask(one) for one in (slow, *sent)]

    assert play(scenario) == [202, 404, 404, 200, 200]


def test_a_result_tells_code_times_and_both_streams(play: Any) -> None:
    found = play(lambda cloud: cloud.run("echo out; echo err >&2; exit 3"))

    assert found["provisioningState"] == "Succeeded"  # The service worked; the command did not.
    assert (found["exitCode"], found["logs"]) == (3, "out\nerr\n")
    assert found["startedAt"] <= found["finishedAt"]


def test_while_it_runs_the_answer_is_202_with_a_body(play: Any) -> None:
    async def scenario(cloud: Cloud) -> tuple[httpx.Response, httpx.Response]:
        sent = await cloud.send("sleep 5")
        return sent, await cloud.client.get(sent.headers["Location"])

    sent, polled = play(scenario)

    identifier = sent.headers["Location"].partition("/commandResults/")[2].partition("?")[0]
    assert len(identifier) == 32
    assert int(identifier, 16)
    assert polled.status_code == 202
    assert polled.json()["id"] == identifier
    assert polled.json()["properties"]["provisioningState"] == "Running"


def test_files_of_the_context_lie_where_the_command_starts(play: Any) -> None:
    context = archive({"./deploy.sh": "cat values/a.yaml", "values/a.yaml": "from the context"})

    found = play(lambda cloud: cloud.run("bash ./deploy.sh", context=context))

    assert found["logs"] == "from the context"


def test_the_command_sees_nothing_of_the_host(play: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARM_CLIENT_SECRET", "of the host")

    found = play(lambda cloud: cloud.run("env"))

    names = {line.partition("=")[0] for line in found["logs"].splitlines()}
    assert "ARM_CLIENT_SECRET" not in names
    assert {"HOME", "KUBECONFIG", "HTTPS_PROXY", "SSL_CERT_FILE", "PATH"} <= names


@pytest.mark.parametrize("tool", ["gzip", "tar", "curl", "git", "python3", "az"])
def test_programs_that_the_image_lacks_are_not_found(play: Any, tool: str) -> None:
    found = play(lambda cloud: cloud.run(f"command -v {tool}"))

    assert found["exitCode"] != 0


def test_helm_is_there_and_is_helm_4(play: Any) -> None:
    found = play(lambda cloud: cloud.run("helm version --short"))

    assert found["logs"].startswith("v4.")


def test_the_log_is_cut_at_512_kilobytes(play: Any) -> None:
    found = play(lambda cloud: cloud.run("seq 200000"))

    assert len(found["logs"]) == 512 * 1024
    assert found["exitCode"] == 0


def test_what_a_command_leaves_running_ends_with_it(play: Any, tmp_path: Path) -> None:
    mark = tmp_path / "alive"

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        found = await cloud.run(f"(sleep 1; touch {mark}) & echo started")
        await asyncio.sleep(1.2)
        return found

    found = play(scenario)

    assert found["logs"] == "started\n"
    assert not mark.exists()


def test_what_leaves_the_group_of_a_command_ends_with_it_too(play: Any) -> None:
    if not Path("/proc/self/environ").exists() or not shutil.which("setsid"):
        pytest.skip("needs /proc and setsid")
    away = f"{shutil.which('setsid')} bash -c 'echo $$ >away; mv away pid; exec sleep 300' & disown"

    found = play(lambda cloud: cloud.run(f"{away}; until test -e pid; do sleep 0.1; done; cat pid"))

    shown = Path(f"/proc/{int(found['logs'])}/stat")
    assert not shown.exists() or shown.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("work", ["read", "unpack"])
def test_others_are_answered_while_a_context_is_looked_into(
    play: Any, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    begun, answered = threading.Event(), threading.Event()
    usual = getattr(context_of_commands, work)

    def slow(*arguments: Any) -> Any:
        begun.set()
        assert answered.wait(10)
        return usual(*arguments)

    monkeypatch.setattr(context_of_commands, work, slow)

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        running = asyncio.create_task(cloud.run("cat a", context=archive({"a": "content"})))
        await asyncio.to_thread(begun.wait, 10)
        other = await cloud.client.get(
            f"{CLUSTER}/commandResults/{'0' * 32}?api-version=2025-10-01"
        )
        assert other.status_code == 404
        answered.set()
        return await running

    assert play(scenario)["logs"] == "content"


def test_nothing_of_a_command_stays_on_disk(play: Any, tmp_path: Path) -> None:
    play(lambda cloud: cloud.run("touch here $HOME/there $TMPDIR/and", context=archive({"a": "b"})))

    assert list((tmp_path / "run" / "commands").iterdir()) == []


def test_closing_ends_a_running_command(play: Any, tmp_path: Path) -> None:
    async def scenario(cloud: Cloud) -> None:
        await cloud.send("sleep 60")
        await asyncio.sleep(0.2)
        await cloud.commands.close()

    play(scenario)

    assert list((tmp_path / "run" / "commands").iterdir()) == []


def test_without_entra_the_command_is_the_administrator(play: Any) -> None:
    found = play(lambda cloud: cloud.run("cat $KUBECONFIG"))

    assert "of-the-administrator through http://net:token@" in found["logs"]


def test_with_entra_the_command_is_its_caller(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        cloud.resource.properties["aadProfile"] = {"managed": True}
        return await cloud.run("cat $KUBECONFIG", clusterToken="good")

    assert "token of-alice" in play(scenario)["logs"]


@pytest.mark.parametrize("token", ["", "stolen"])
def test_with_entra_a_token_for_the_cluster_is_needed(play: Any, token: str) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["aadProfile"] = {"managed": True}
        return await cloud.send("true", clusterToken=token)

    answer = play(scenario)

    assert answer.status_code == 400
    assert "clusterToken" in answer.json()["message"]


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("../outside", 0o644, "outside its own folder"),
        ("/etc/passwd", 0o644, "outside its own folder"),
        ("..\\outside", 0o644, "outside its own folder"),
        ("a/../../outside", 0o644, "outside its own folder"),
        ("link", stat.S_IFLNK | 0o777, "symbolic link"),
        ("pipe", stat.S_IFIFO | 0o644, "neither a file nor a folder"),
        ("disk", stat.S_IFBLK | 0o644, "neither a file nor a folder"),
        ("a\nb", 0o644, "no name of a file"),
        (".", 0o644, "no name of a file"),
        ("a" * 256, 0o644, "too long"),
        ("/".join(["a" * 200] * 6), 0o644, "too long"),
    ],
)
def test_a_context_that_reaches_out_is_refused(play: Any, name: str, mode: int, said: str) -> None:
    answer = play(lambda cloud: cloud.send("true", context=archive({name: "x"}, mode)))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert said in answer.json()["message"]


def test_a_name_with_a_nul_in_it_is_refused(play: Any) -> None:
    context = base64.b64decode(archive({"script_sh": "x"})).replace(b"script_sh", b"script\0sh")

    answer = play(lambda cloud: cloud.send("true", context=base64.b64encode(context).decode()))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "no name of a file" in answer.json()["message"]


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a/", "a"), ("a/b/", "a/b")])
def test_what_is_a_file_and_a_folder_is_refused(play: Any, names: tuple[str, ...]) -> None:
    answer = play(lambda cloud: cloud.send("true", context=archive(dict.fromkeys(names, ""))))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "as a file and as a folder" in answer.json()["message"]


def test_names_that_differ_in_case_are_two_files_and_the_last_of_one_name_stays(play: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the duplicate.
        for name, text in (("a", "first"), ("A", "other"), ("a", "last"), ("d/", "")):
            made.writestr(name, text)
    context = base64.b64encode(packed.getvalue()).decode()

    found = play(lambda cloud: cloud.run("cat a A; ls d", context=context))

    assert (found["exitCode"], found["logs"]) == (0, "lastother")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_bomb_is_refused_before_it_is_opened(play: Any, method: int) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as made:
        made.writestr("zeros", bytes(50_000_000))
    small = base64.b64encode(packed.getvalue()).decode()

    answer = play(lambda cloud: cloud.send("true", context=small))

    assert "compression method is not supported" in answer.json()["message"]


def test_a_context_that_unpacks_to_too_much_is_refused(play: Any) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for number in range(7):
            made.writestr(str(number), bytes(10_000_000))

    answer = play(
        lambda cloud: cloud.send("true", context=base64.b64encode(packed.getvalue()).decode())
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert "70000000 bytes" in answer.json()["message"]


def test_a_context_that_is_no_archive_is_refused(play: Any) -> None:
    answer = play(lambda cloud: cloud.send("true", context="bm8gemlw"))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")


def damaged(position: int, value: bytes) -> str:
    """An archive with some bytes of its directory changed."""
    data = bytearray(base64.b64decode(archive({"a": "content"})))
    start = data.index(b"PK\x01\x02") + position
    data[start : start + len(value)] = value
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("context", "said"),
    [
        (damaged(16, b"\0\0\0\0"), "Bad CRC-32"),
        (damaged(8, b"\1\0"), "encrypted"),
        (damaged(10, b"\x63\0"), "compression method is not supported"),
        (damaged(10, b"\x08\0"), "zip archive: "),
    ],
    ids=["checksum", "encryption", "compression", "no deflate"],
)
def test_a_context_that_does_not_unpack_is_refused(play: Any, context: str, said: str) -> None:
    answer = play(lambda cloud: cloud.send("true", context=context))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidContext")
    assert said in answer.json()["message"]


def test_a_command_that_cannot_be_started_has_failed_and_has_no_exit_code(
    play: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_data: bytes, _folder: Path) -> None:
        raise RuntimeError("no room for surprises")

    monkeypatch.setattr(context_of_commands, "unpack", broken)

    found = play(lambda cloud: cloud.run("true"))

    assert found["provisioningState"] == "Failed"
    assert "no room for surprises" in found["reason"]
    assert "exitCode" not in found
    assert "could not be run" in caplog.text


def test_a_command_that_is_cut_off_has_failed(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        sent = await cloud.send("sleep 60")
        await asyncio.sleep(0.2)
        await cloud.commands.close()
        answer = await cloud.client.get(sent.headers["Location"])
        found: dict[str, Any] = answer.json()["properties"]
        return found

    found = play(scenario)

    assert found["provisioningState"] == "Failed"
    assert "cancelled" in found["reason"]


def test_a_request_beyond_the_budget_is_too_large(play: Any) -> None:
    answer = play(lambda cloud: cloud.send("true", context="A" * 1024 * 1024))

    assert answer.status_code == 413
    assert "sandbox's budget" in answer.json()["message"]


def test_refusals_come_without_the_envelope_of_the_rest_of_azure(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["powerState"] = {"code": "Stopped"}
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.status_code == 400
    assert answer.json()["code"] == "OperationNotAllowed"
    assert "error" not in answer.json()


def test_the_feature_can_be_switched_off(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.resource.properties["apiServerAccessProfile"] = {"disableRunCommand": True}
        return await cloud.send("true")

    assert play(scenario).json()["code"] == "RunCommandDisabled"


def test_a_cluster_without_room_for_the_pod_says_what_azure_says(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.cluster = None
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesPerformanceError"
    assert "did not start within 30s" in answer.json()["message"]


def test_a_pod_that_finds_no_node_is_refused_and_leaves_nothing(play: Any) -> None:
    async def scenario(cloud: Cloud) -> tuple[httpx.Response, dict[str, Any]]:
        cloud.inside.room = False
        return await cloud.send("true"), cloud.inside.pods

    answer, pods = play(scenario)

    assert (answer.status_code, answer.json()["code"]) == (400, "KubernetesPerformanceError")
    assert "in aks-command namespace did not start within 30s" in answer.json()["message"]
    assert pods == {}


def test_a_pod_that_the_cluster_would_not_have_is_refused_in_its_words(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        cloud.inside.objection = 'pods "command-1" is forbidden: exceeded quota: small'
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesOperationError"
    assert answer.json()["message"] == (
        "Failed to run command in managed cluster due to kubernetes failure. details: "
        'pods "command-1" is forbidden: exceeded quota: small'
    )


def test_a_pod_that_never_starts_is_a_failure_without_an_exit_code(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        cloud.inside.starts = False
        return await cloud.run("true")

    found = play(scenario)

    assert (found["provisioningState"], found["reason"]) == ("Failed", "ContainerCreating")
    assert "exitCode" not in found


def test_a_command_dies_with_its_pod(play: Any, tmp_path: Path) -> None:
    survived = tmp_path / "survived"

    async def scenario(cloud: Cloud) -> dict[str, Any]:
        sent = await cloud.send(f"sleep 2; touch {survived}")
        cloud.inside.pods.clear()
        while True:
            answer = await cloud.client.get(sent.headers["Location"])
            if answer.status_code != 202:
                found: dict[str, Any] = answer.json()["properties"]
                return found
            await asyncio.sleep(0.02)

    found = play(scenario)

    assert found["provisioningState"] == "Failed"
    assert "evicted" in found["reason"]
    assert not survived.exists()


def test_a_command_leaves_no_pod_behind(play: Any) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        await cloud.run("true")
        return cloud.inside.pods

    assert play(scenario) == {}


# --- Azure Policy ----------------------------------------------------------------------------

ALLOWED_IMAGES = "febd0533-8e55-448f-b837-bd0e06f16469"
LIMITS = "e345eecc-fa47-480f-9e88-67dcc122b164"


def assign(cloud: Cloud, definition: str, **parameters: str) -> None:
    """Switch the add-on on, and assign one built-in policy to the group."""
    cloud.resource.properties["addonProfiles"] = {"azurepolicy": {"enabled": True}}
    place = ResourceId(f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/strict")
    properties = {
        "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
        "parameters": {name: {"value": value} for name, value in parameters.items()},
    }
    made, _ = cloud.store.put(place, {"properties": properties})
    cloud.policies.append(made)


@pytest.mark.parametrize("allowed", ["^own.azurecr.io/", "(is no expression"])
def test_a_policy_on_images_stops_commands_in_its_own_words(play: Any, allowed: str) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        assign(cloud, ALLOWED_IMAGES, effect="Deny", allowedContainerImagesRegex=allowed)
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "RunCommandBlockedByAzurePolicy"
    assert answer.json()["subcode"] == "PodCreateBlockedByAzurePolicy"


def test_a_policy_on_memory_stops_commands_in_the_words_of_its_webhook(play: Any) -> None:
    async def scenario(cloud: Cloud) -> httpx.Response:
        assign(cloud, LIMITS, effect="deny", memoryLimit="512Mi")
        return await cloud.send("true")

    answer = play(scenario)

    assert answer.json()["code"] == "KubernetesOperationError"
    assert (
        "container <user-command> memory limit <1Gi> is higher than the maximum allowed of <512Mi>"
    ) in answer.json()["message"]


@pytest.mark.parametrize(
    "parameters",
    [
        {"effect": "Audit", "allowedContainerImagesRegex": "^own.azurecr.io/"},
        {"effect": "Deny", "allowedContainerImagesRegex": "^mcr.microsoft.com/"},
    ],
)
def test_a_policy_that_allows_them_stops_no_command(play: Any, parameters: dict[str, str]) -> None:
    async def scenario(cloud: Cloud) -> dict[str, Any]:
        assign(cloud, ALLOWED_IMAGES, **parameters)
        return await cloud.run("true")

    assert play(scenario)["exitCode"] == 0


def test_an_unknown_result_is_not_found(play: Any) -> None:
    url = f"{CLUSTER}/commandResults/{'0' * 32}?api-version=2025-10-01"

    answer = play(lambda cloud: cloud.client.get(url))

    assert answer.status_code == 404
