"""The main function of the edge runtime, run by Node with the runtime's own calls replaced."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.chart.conftest import Charts

NODE = shutil.which("node")
SECRET = "a secret of more than thirty-two characters"
KEY = ec.generate_private_key(ec.SECP256R1())
NEXT_KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())

# What the program gets from the runtime: its environment, its files, the server, and workers.
# A worker of ours answers with what it was created with.
RUNTIME = """
import { createInterface } from 'node:readline'
import { readFileSync, readdirSync } from 'node:fs'

class NotFound extends Error {}
class WorkerAlreadyRetired extends Error {}
class WorkerRequestIdleTimeout extends Error {}
const tagged = new WeakSet()
// Workers end or stay silent as a header says, one word for each; others answer what they got.
let met
const answers = (options) => async (request) => {
  if (met > 0 && !tagged.has(request)) throw new Error('a copy without its tag')
  const fate = (request.headers.get('workers') ?? '').split(' ')[met++]
  const body = await request.text()
  if (fate === 'retired') throw new WorkerAlreadyRetired()
  if (fate === 'idle') throw new WorkerRequestIdleTimeout()
  return Response.json({ ...options, body, met })
}
const missing = (error) => { throw error.code === 'ENOENT' ? new NotFound(error.message) : error }
let serve
globalThis.Deno = {
  env: { get: (name) => process.env[name] },
  errors: { NotFound, WorkerAlreadyRetired, WorkerRequestIdleTimeout },
  readTextFileSync: (path) => readFileSync(process.env.ROOT + path, 'utf8'),
  readTextFile: async (path) => readFileSync(process.env.ROOT + path, 'utf8'),
  async *readDir(path) {
    let names
    try { names = readdirSync(process.env.ROOT + path) } catch (error) { missing(error) }
    for (const name of names) yield { name }
  },
  serve: (handler) => { serve = handler },
}
globalThis.EdgeRuntime = {
  userWorkers: { create: async (options) => ({ fetch: answers(options) }) },
  applySupabaseTag: (from, to) => tagged.add(to),
}
console.error = () => {}
await import(process.env.ROOT + '/main.mjs')
for await (const line of createInterface({ input: process.stdin })) {
  const { url, ...rest } = JSON.parse(line)
  met = 0
  const answer = await serve(new Request(url, rest))
  process.stdout.write(JSON.stringify({ status: answer.status, body: await answer.json() }) + '\\n')
}
"""


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode()


def jwks() -> str:
    """What the vault holds for verifiers: the public key and, for legacy keys, the secret."""
    point = KEY.public_key().public_numbers()
    own = {"kty": "EC", "crv": "P-256", "x": number(point.x), "y": number(point.y), "kid": "one"}
    point = NEXT_KEY.public_key().public_numbers()
    following = {**own, "x": number(point.x), "y": number(point.y), "kid": "two"}
    symmetric = base64.urlsafe_b64encode(SECRET.encode()).rstrip(b"=").decode()
    return json.dumps({"keys": [own, following, {"kty": "oct", "k": symmetric, "alg": "HS256"}]})


class Runtime:
    """The main function of a release, as it answers requests."""

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program

    def ask(
        self, path: str, token: str = "", body: str | None = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        said = {"authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            said |= {"content-length": str(len(body))}
        request = {
            "url": f"http://functions{path}",
            "method": "GET" if body is None else "POST",
            "body": body,
            "headers": {**said, **headers},
        }
        assert self._program.stdin
        assert self._program.stdout
        self._program.stdin.write(json.dumps(request) + "\n")
        self._program.stdin.flush()
        answer = json.loads(self._program.stdout.readline())
        return answer["status"], answer["body"]


@pytest.fixture(scope="module")
def runtime(charts: Charts, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runtime]:
    if NODE is None:
        pytest.skip("Node is not installed.")
    values = {
        "functions": {
            "deployed": {
                "open": {"configMap": "open", "verifyJwt": False},
                "mails": {
                    "configMap": "mails",
                    "secret": "mails",
                    "variables": ["SUPABASE_SERVICE_ROLE_KEY"],
                },
            }
        }
    }
    files = charts.render("supabase", values).files("supabase-functions")
    root = tmp_path_factory.mktemp("functions")
    place(root / "home/deno/functions/main/functions.json", files["functions.json"])
    place(root / "run/functions/mails/MAIL_TOKEN", "of the mail server")
    place(root / "run/functions/mails/..data/MAIL_TOKEN", "as Kubernetes mounts it")
    place(root / "main.mjs", files["index.ts"])
    place(root / "runtime.mjs", RUNTIME)
    environment = {
        "ROOT": str(root),
        "JWT_SECRET": SECRET,
        "SUPABASE_JWKS": jwks(),
        "SUPABASE_URL": "http://gateway",
        "SUPABASE_SERVICE_ROLE_KEY": "the.service.key",
    }
    with subprocess.Popen(
        [NODE, str(root / "runtime.mjs")],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        yield Runtime(program)
        program.terminate()


def place(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def claims(**more: Any) -> dict[str, Any]:
    return {"role": "authenticated", "exp": int(time.time()) + 86400, **more}


@pytest.mark.parametrize("body", [None, "a few words"])
def test_a_worker_at_the_end_of_its_time_costs_no_request(
    runtime: Runtime, body: str | None
) -> None:
    status, worker = runtime.ask("/open", body=body, workers="retired retired")

    assert (status, worker["met"], worker["body"]) == (200, 3, body or "")


@pytest.mark.parametrize(
    ("body", "fate"),
    [("a few words", "retired retired retired"), ("x" * 1_100_000, "retired")],
    ids=["always", "with a body that is too long to keep"],
)
def test_a_worker_is_not_sought_for_ever(runtime: Runtime, body: str, fate: str) -> None:
    status, answer = runtime.ask("/open", body=body, workers=fate)

    assert (status, answer["code"]) == (500, "WORKER_ERROR")


def test_a_function_that_stays_silent_is_told_as_such(runtime: Runtime) -> None:
    status, answer = runtime.ask("/open", workers="idle")

    assert (status, answer["code"]) == (504, "IDLE_TIMEOUT")


def test_it_says_that_it_is_well_without_a_token(runtime: Runtime) -> None:
    assert runtime.ask("/_internal/health") == (200, {"message": "ok"})


@pytest.mark.parametrize(
    "token",
    [
        jwt.encode(claims(), SECRET, "HS256"),
        jwt.encode(claims(), KEY, "ES256", headers={"kid": "one"}),
        jwt.encode(claims(), KEY, "ES256"),
        jwt.encode(claims(), NEXT_KEY, "ES256", headers={"kid": "two"}),
        jwt.encode(claims(), NEXT_KEY, "ES256"),
    ],
    ids=[
        *("legacy", "asymmetric", "asymmetric without the name of its key"),
        *("the next key", "the next key without its name"),
    ],
)
def test_a_token_of_this_platform_opens_a_function(runtime: Runtime, token: str) -> None:
    status, worker = runtime.ask("/hello", token)

    assert (status, worker["servicePath"]) == (200, "/home/deno/functions/hello")


def unsigned() -> str:
    _, body, _ = jwt.encode(claims(), SECRET, "HS256").split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{none}.{body}."


def signed_with_the_public_key() -> str:
    """The old trick: the public key, which everybody knows, as the secret of HS256."""
    head, body, _ = jwt.encode(claims(), "x" * 32, "HS256").split(".")
    public = json.loads(jwks())["keys"][0]["x"].encode()
    signature = hmac.new(public, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "rubbish",
        "a.b.c",
        jwt.encode(claims(), "another secret of more than thirty-two characters", "HS256"),
        jwt.encode(claims(), OTHER_KEY, "ES256", headers={"kid": "one"}),
        jwt.encode(claims(), NEXT_KEY, "ES256", headers={"kid": "one"}),
        jwt.encode(claims(exp=int(time.time()) - 10), SECRET, "HS256"),
        jwt.encode(claims(nbf=int(time.time()) + 6000), SECRET, "HS256"),
        jwt.encode(claims(), SECRET * 2, "HS512"),
        unsigned(),
        signed_with_the_public_key(),
    ],
    ids=[
        *("none", "rubbish", "not base64", "another secret", "another key", "a wrong name"),
        *("expired", "early"),
        *("another algorithm", "unsigned", "signed with the public key"),
    ],
)
def test_any_other_token_opens_nothing(runtime: Runtime, token: str) -> None:
    status, answer = runtime.ask("/hello", token)

    assert (status, "code" in answer) == (401, True)


def test_an_api_key_counts_as_what_the_gateway_puts_in_its_place(runtime: Runtime) -> None:
    token = jwt.encode(claims(role="anon"), KEY, "ES256")

    assert runtime.ask("/hello", **{"sb-api-key": token})[0] == 200


def test_a_function_may_be_open_to_all(runtime: Runtime) -> None:
    assert runtime.ask("/open/some/path")[0] == 200


def test_a_function_sees_only_what_it_was_given(runtime: Runtime) -> None:
    token = jwt.encode(claims(), SECRET, "HS256")

    seen = {name: dict(runtime.ask(f"/{name}", token)[1]["envVars"]) for name in ("hello", "mails")}

    assert seen["hello"] == {}
    assert seen["mails"] == {
        "SUPABASE_SERVICE_ROLE_KEY": "the.service.key",
        "MAIL_TOKEN": "of the mail server",
    }


def test_a_public_function_sees_what_clients_know(runtime: Runtime) -> None:
    _, worker = runtime.ask("/open")

    names = {name for name, _ in worker["envVars"]}
    assert names == {
        *("SUPABASE_URL", "SUPABASE_PUBLIC_URL"),
        *("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEYS"),
    }


@pytest.mark.parametrize("path", ["/", "/absent", "/main", "/../run/functions/mails", "/__proto__"])
def test_what_was_not_deployed_is_not_run(runtime: Runtime, path: str) -> None:
    token = jwt.encode(claims(), SECRET, "HS256")

    assert runtime.ask(path, token)[0] in {400, 404}


def blocks(charts: Charts, networks: list[str]) -> list[dict[str, Any]]:
    """Whom functions may reach by address on the port of HTTPS."""
    policies = charts.render("supabase", {"functions": {"networks": networks}}).kind(
        "NetworkPolicy"
    )
    rules = policies["supabase-functions"]["spec"]["egress"]
    (web,) = (rule for rule in rules if rule["ports"] == [{"port": 443}])
    return [peer["ipBlock"] for peer in web["to"]]


def test_functions_reach_the_internet_and_no_private_network(charts: Charts) -> None:
    (internet,) = blocks(charts, [])

    closed = [ip_network(network) for network in internet["except"]]
    for private in ("10.0.0.4", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"):
        assert any(ip_address(private) in network for network in closed)
    assert not any(ip_address("20.0.0.1") in network for network in closed)


def test_a_private_network_is_opened_by_name(charts: Charts) -> None:
    assert {"cidr": "10.1.2.0/24"} in blocks(charts, ["10.1.2.0/24"])
