"""The release of the sandbox environment as its charts render it, and keys that fit each other."""

import base64
import functools
import json
import time
import uuid
from pathlib import Path
from typing import Any

import jwt
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

Manifest = dict[str, Any]

GOLDEN = Path(__file__).parents[3] / "golden" / "chart"
HOOK = "helm.sh/hook"
SECRET = "a secret of more than thirty-two characters"
OTHER_SECRET = "another secret of more than thirty-two characters"


class Keys:
    """What one JWT secret and one private key lead to."""

    def __init__(self, secret: str = SECRET) -> None:
        self.secret = secret
        private = ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
        about = {"kid": str(uuid.uuid4()), "use": "sig", "alg": "ES256"}
        self.own = private | about | {"key_ops": ["sign", "verify"]}
        public = {name: part for name, part in self.own.items() if name != "d"}
        shared = {"kty": "oct", "k": urlsafe(secret.encode()), "alg": "HS256"}
        self.keys = json.dumps([self.own, shared])
        self.jwks = json.dumps({"keys": [public, shared]})

    @functools.cache  # noqa: B019 - Keys live as long as the tests; a token is made once.
    def legacy(self, role: str) -> str:
        return jwt.encode(claims(role), self.secret, "HS256")

    @functools.cache  # noqa: B019 - The same.
    def asymmetric(self, role: str) -> str:
        headers = {"kid": self.own["kid"]}
        return jwt.encode(claims(role), jwt.PyJWK(self.own), "ES256", headers)


def claims(role: str) -> dict[str, Any]:
    return {"role": role, "iss": "supabase", "iat": 1, "exp": int(time.time()) + 3600}


def urlsafe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def secrets(keys: Keys) -> dict[str, dict[str, str]]:
    """All Secrets, each with the keys of its consumer."""
    clients = {
        "anon-key": keys.legacy("anon"),
        "service-role-key": keys.legacy("service_role"),
        "publishable-key": "sb_publishable_abcdefgh",
        "secret-key": "sb_secret_abcdefgh",
    }
    jwt_secret, jwks = {"jwt-secret": keys.secret}, {"jwt-jwks": keys.jwks}
    person = {"dashboard-username": "admin", "dashboard-password": "pass word"}
    s3 = {"keyId": "id", "accessKey": "access"}
    meta = login("meta", "postgres") | {"pg-meta-crypto-key": "0123456789abcdef"}
    accepted = {
        "publishable-key-accepted": f"{clients['publishable-key']},sb_publishable_before",
        "secret-key-accepted": f"{clients['secret-key']},sb_secret_before",
    }
    return {
        "supabase-auth": jwt_secret
        | {"jwt-keys": keys.keys}
        | login("auth", "supabase_auth_admin"),
        "supabase-rest": jwks | login("rest", "authenticator"),
        "supabase-realtime": jwt_secret
        | jwks
        | login("realtime", "supabase_admin")
        | {
            "realtime-enc-key": "0123456789abcdef",
            "realtime-secret-key-base": "b" * 64,
            "realtime-metrics-secret": "metrics",
        },
        "supabase-storage": clients
        | jwt_secret
        | jwks
        | s3
        | login("storage", "supabase_storage_admin")
        | {
            "s3-protocol-access-key-id": "x",
            "s3-protocol-access-key-secret": "y",
        },
        "supabase-meta": meta,
        "supabase-studio": clients | jwt_secret | meta,
        "supabase-functions": clients
        | jwt_secret
        | jwks
        | login("functions", "supabase_functions"),
        "supabase-gateway": clients
        | accepted
        | person
        | {
            "anon-key-asymmetric": keys.asymmetric("anon"),
            "service-role-key-asymmetric": keys.asymmetric("service_role"),
        },
        "supabase-test": clients | person | {"retired-credentials": json.dumps(retired())},
        "s3proxy": {
            "supabase-storage-creds-accepted": "id:access,before:access",
            "azure-storage-account-name": "account",
            "azure-storage-account-key": "a2V5",
        },
    }


def retired() -> dict[str, str]:
    """What counts nowhere any more."""
    return {
        "anon-key": Keys(OTHER_SECRET).legacy("anon"),
        "publishable-key": "sb_publishable_retired",
        "secret-key": "sb_secret_retired",
        "jwt-set": Keys().asymmetric("anon"),
        "supabase-storage-creds": "retired:access",
    }


def login(service: str, role: str) -> dict[str, str]:
    """How one service signs in to the database."""
    return {f"pg-{service}-username": f"{role}_1", f"pg-{service}-password": service}


def encoded(data: dict[str, str]) -> dict[str, str]:
    return {name: base64.b64encode(text.encode()).decode() for name, text in data.items()}


def documents(name: str) -> list[Manifest]:
    text = (GOLDEN / f"sandbox-{name}.yaml").read_text()
    return [item for item in yaml.safe_load_all(text) if item]


def end_to_end_test() -> Manifest:
    jobs = (item for item in documents("supabase") if item["kind"] == "Job")
    return next(job for job in jobs if job["metadata"]["name"] == "supabase-test")


def hooked(item: Manifest) -> str:
    return str((item["metadata"].get("annotations") or {}).get(HOOK, ""))


def release(live: Any, keys: Keys) -> None:
    """Install the charts and their Secrets, and wait until all is ready."""
    live.namespace("supabase")
    for name, data in secrets(keys).items():
        metadata = {"name": name, "namespace": "supabase"}
        live.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded(data)}
        )
    live.create(*(item for item in documents("platform") if item["kind"] == "NetworkPolicy"))
    for chart in ("s3proxy", "supabase"):
        live.create(*(item for item in documents(chart) if not hooked(item)))
    live.until(lambda: not unready(live), 60)
    tell_realtime(live)


def tell_realtime(live: Any) -> None:
    """Run the job that follows each install: it makes Realtime's tenant."""
    jobs = (item for item in documents("supabase") if item["kind"] == "Job")
    job = next(one for one in jobs if one["metadata"]["name"] == "supabase-realtime-tenant")
    live.create(job)
    path = f"/apis/batch/v1/namespaces/supabase/jobs/{job['metadata']['name']}"
    live.until(lambda: live.get(path).get("status", {}).get("succeeded"), 60)


def unready(live: Any) -> set[str]:
    return {
        item["metadata"]["name"]
        for item in live.items("/apis/apps/v1/namespaces/supabase/deployments")
        if not (item.get("status") or {}).get("availableReplicas")
        or item["status"].get("observedGeneration") != item["metadata"]["generation"]
        or item["status"]["updatedReplicas"] != item["status"]["replicas"]
    }


def ask_all(
    live: Any, job: Manifest | None = None, **changed: str
) -> tuple[list[dict[str, Any]], str]:
    """Run the test of the release; its lines, and the phase of its pod."""
    job = job or end_to_end_test()
    name = f"test-{uuid.uuid4().hex[:6]}"
    job["metadata"] |= {"name": name, "annotations": {}}
    (container,) = job["spec"]["template"]["spec"]["containers"]
    changed = {"TEST_DEADLINE": "8"} | changed
    for entry in container["env"]:
        if entry["name"] in changed:
            entry["value"] = changed[entry["name"]]
    live.create(job)
    selector = f"/api/v1/namespaces/supabase/pods?labelSelector=job-name={name}"

    def ended() -> str:
        pods = live.items(selector)
        phase = pods[0]["status"].get("phase", "") if pods else ""
        return phase if phase in ("Succeeded", "Failed") else ""

    phase = live.until(ended, 90)
    pod = live.items(selector)[0]["metadata"]["name"]
    log = live.http.get(f"/api/v1/namespaces/supabase/pods/{pod}/log").text
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert lines, log
    return lines, phase
