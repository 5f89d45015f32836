"""The platform as a client sees it: who asks, and what each part is asked."""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from client import Answer, Socket, ask

FILE = "hello.bin"
CONTENT = hashlib.sha512(b"an even mix of bytes").digest() * 512
TABLE = """
drop table if exists public.{name};
create table public.{name} (owner uuid not null default auth.uid(), note text not null);
alter table public.{name} enable row level security;
create policy own on public.{name} for all to authenticated
  using (owner = auth.uid()) with check (owner = auth.uid());
grant select, insert on public.{name} to anon, authenticated, service_role;
notify pgrst, 'reload schema';
"""
NO_TABLE = "drop table if exists public.{name}; notify pgrst, 'reload schema';"


@dataclass
class Platform:
    """Where to ask, the keys of the environment, and what this run has made: nobody else's name."""

    url: str = field(default_factory=lambda: os.environ["GATEWAY_URL"])
    keys: dict[str, str] = field(
        default_factory=lambda: {
            "anon": os.environ["ANON_KEY"],
            "service": os.environ["SERVICE_ROLE_KEY"],
            "publishable": os.environ.get("PUBLISHABLE_KEY", ""),
            "secret": os.environ.get("SECRET_KEY", ""),
            "wrong": "not-a-key",
        },
        repr=False,
    )
    name: str = field(default_factory=lambda: f"helm_test_{secrets.token_hex(6)}")
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    user: str = ""
    token: str = field(default="", repr=False)
    signed: str = field(default="", repr=False)

    @property
    def bucket(self) -> str:
        return self.name.replace("_", "-")

    @property
    def mail(self) -> str:
        return f"{self.bucket}@example.com"

    @property
    def file(self) -> str:
        """The file's place among those that ask for a token."""
        return f"/storage/v1/object/authenticated/{self.bucket}/{FILE}"

    # --- Requests ------------------------------------------------------------------------------

    def ask(
        self, path: str, who: str = "", method: str = "GET", body: Any = None, **headers: str
    ) -> Answer:
        """Ask as nobody, with a key, as the user, as a person, or with a forged token."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        if who in ("user", "forged"):
            token = self.token if who == "user" else self.forged
            told |= {"apikey": self.keys["anon"], "authorization": f"Bearer {token}"}
        elif who == "person":
            pair = f"{os.environ['DASHBOARD_USERNAME']}:{os.environ['DASHBOARD_PASSWORD']}"
            told["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif who:
            told["apikey"] = self.keys[who]
        if body is not None and not isinstance(body, bytes):
            told["content-type"], body = "application/json", json.dumps(body).encode()
        return ask(method, self.url + path, told, body)

    @property
    def forged(self) -> str:
        """The user's token with another role in it, under the old signature."""
        if not self.token:
            raise HTTPException("there is no token to forge")
        head, claims, signature = self.token.split(".")
        told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        other = json.dumps(told | {"role": "service_role"}).encode()
        return f"{head}.{base64.urlsafe_b64encode(other).decode().rstrip('=')}.{signature}"

    def status(self, path: str, who: str = "", **more: Any) -> str:
        return str(self.ask(path, who, **more).status)

    # --- Users ---------------------------------------------------------------------------------

    def sign_up(self) -> str:
        """As a stranger where that needs no mail, otherwise by the administrator."""
        found = self.ask("/auth/v1/settings", "anon").json
        wanted: dict[str, Any] = {"email": self.mail, "password": self.password}
        if found.get("mailer_autoconfirm") and not found.get("disable_signup"):
            answer = self.ask("/auth/v1/signup", "anon", "POST", wanted)
        else:
            wanted["email_confirm"] = True
            answer = self.ask("/auth/v1/admin/users", "service", "POST", wanted)
        self.user = answer.json.get("user", answer.json).get("id", self.user)
        return str(answer.status)

    def log_in(self) -> str:
        wanted = {"email": self.mail, "password": self.password}
        answer = self.ask("/auth/v1/token?grant_type=password", "anon", "POST", wanted)
        self.token = answer.json.get("access_token", "")
        return str(answer.status)

    def who_am_i(self) -> str:
        answer = self.ask("/auth/v1/user", "user")
        return "own mail" if answer.json.get("email") == self.mail else str(answer.status)

    # --- Rows ----------------------------------------------------------------------------------

    def run(self, statements: str) -> str:
        return self.status("/pg/query", "service", method="POST", body={"query": statements})

    def run_in_studio(self) -> str:
        """As its editor does: Studio tells meta the database, on a connection of its own."""
        path = "/api/platform/pg-meta/default/query"
        return self.status(path, "person", method="POST", body={"query": "select 1"})

    def make_table(self) -> str:
        return self.run(TABLE.format(name=self.name))

    def remove_table(self) -> str:
        return self.run(NO_TABLE.format(name=self.name))

    def insert(self, who: str) -> str:
        return self.status(f"/rest/v1/{self.name}", who, method="POST", body={"note": "hello"})

    def rows(self, who: str) -> str:
        answer = self.ask(f"/rest/v1/{self.name}?select=note", who)
        return f"{len(answer.json)} rows" if answer.status == 200 else str(answer.status)

    # --- Files ---------------------------------------------------------------------------------

    def make_bucket(self) -> str:
        self.remove_bucket()
        wanted = {"id": self.bucket, "name": self.bucket, "public": False}
        return self.status("/storage/v1/bucket", "service", method="POST", body=wanted)

    def upload(self) -> str:
        path = f"/storage/v1/object/{self.bucket}/{FILE}"
        kind = {"content_type": "application/octet-stream"}
        return self.status(path, "service", method="POST", body=CONTENT, **kind)

    def download(self, path: str, who: str = "") -> str:
        answer = self.ask(path, who)
        if answer.status != 200:
            return str(answer.status)
        same = hashlib.sha256(answer.body).digest() == hashlib.sha256(CONTENT).digest()
        return "same bytes" if same else f"{len(answer.body)} other bytes"

    def sign(self) -> str:
        path = f"/storage/v1/object/sign/{self.bucket}/{FILE}"
        answer = self.ask(path, "service", "POST", {"expiresIn": 60})
        address = answer.json.get("signedURL", "")
        self.signed = f"/storage/v1{address}" if address else ""
        return str(answer.status)

    def follow(self, forged: str = "") -> str:
        """Download from the signed address, or from one whose last signs are others."""
        if not self.signed:
            raise HTTPException("no address was signed")
        kept = len(self.signed) - len(forged)
        return self.download(self.signed[:kept] + forged)

    def remove_bucket(self) -> str:
        """The file first: a bucket that is emptied as a whole may take its time."""
        self.ask(f"/storage/v1/object/{self.bucket}/{FILE}", "service", "DELETE")
        return self.status(f"/storage/v1/bucket/{self.bucket}", "service", method="DELETE")

    # --- Messages ------------------------------------------------------------------------------

    def open(self, who: str) -> Socket:
        query = {"apikey": self.keys[who], "vsn": "1.0.0"} if who else {"vsn": "1.0.0"}
        return Socket(f"{self.url}/realtime/v1/websocket", query)

    def message(self) -> str:
        """One client, signed in, hears what another says."""
        speaker = "publishable" if self.keys["publishable"] else "service"
        with self.open("anon") as hearing, self.open(speaker) as speaking:
            for socket, token in ((hearing, self.token), (speaking, "")):
                if not socket.open:
                    return str(socket.status)
                joined = join(socket, token)
                if joined != "ok":
                    return joined
            said = {"type": "broadcast", "event": "said", "payload": {"text": self.mail}}
            speaking.send(envelope("broadcast", said, "2"))
            heard = await_event(hearing, "broadcast")
            return "heard" if heard["payload"] == said["payload"] else "garbled"

    def refused_socket(self, who: str) -> str:
        with self.open(who) as socket:
            return str(socket.status)

    # --- The end -------------------------------------------------------------------------------

    def forget_user(self) -> str:
        """By its address where the answer to its making was lost."""
        if not self.user:
            answer = self.ask(f"/auth/v1/admin/users?filter={quote(self.mail)}", "service")
            found = (one for one in answer.json.get("users", []) if one["email"] == self.mail)
            self.user = next((one["id"] for one in found), "")
            if not self.user:
                return str(answer.status)
        return self.status(f"/auth/v1/admin/users/{self.user}", "service", method="DELETE")


def envelope(event: str, payload: dict[str, Any], reference: str) -> dict[str, Any]:
    topic = "realtime:helm_test"
    return {"topic": topic, "event": event, "payload": payload, "ref": reference, "join_ref": "1"}


def join(socket: Socket, token: str) -> str:
    config = {"broadcast": {"self": False, "ack": False}, "presence": {"key": ""}, "private": False}
    payload = {"config": config} | ({"access_token": token} if token else {})
    socket.send(envelope("phx_join", payload, "1"))
    return str(await_event(socket, "phx_reply")["status"])


def await_event(socket: Socket, event: str) -> dict[str, Any]:
    """The payload of the next such event; what else a channel tells is passed over."""
    for _ in range(20):
        heard = socket.receive()
        if heard["event"] == event:
            return dict(heard["payload"])
        if heard["event"] in ("phx_error", "phx_close"):
            break
    raise HTTPException(f"no {event} but {heard}")
