"""The public routes of a platform: what a client asks there, and what is right."""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.load import channels
from sandbox.load.client import Client
from sandbox.load.tally import Outcome

CONTENT = b"an even mix of bytes " * 50
TABLE = """
create table public.{name} (owner uuid not null default auth.uid(), note text not null);
alter table public.{name} enable row level security;
create policy own on public.{name} for all to authenticated
  using (owner = auth.uid()) with check (owner = auth.uid());
grant select, insert on public.{name} to anon, authenticated, service_role;
notify pgrst, 'reload schema';
"""
NO_TABLE = "drop table if exists public.{name}; notify pgrst, 'reload schema';"


@dataclass(frozen=True)
class Ground:
    """What a load makes for itself in a platform, and takes away again; nobody else's name."""

    name: str

    @property
    def bucket(self) -> str:
        return self.name.replace("_", "-")

    async def prepare(self, client: Client) -> list[Outcome]:
        return [
            await query(client, TABLE.format(name=self.name)),
            await storage(client, "POST", "bucket", json={"id": self.bucket, "name": self.bucket}),
        ]

    async def clear(self, client: Client, users: list[str]) -> list[Outcome]:
        key = client.as_application("service-role-key")
        paths = [f"/auth/v1/admin/users/{one}" for one in users]
        return [
            *[(await client.ask("DELETE", path, key))[0] for path in paths],
            await query(client, NO_TABLE.format(name=self.name)),
            await storage(client, "POST", f"bucket/{self.bucket}/empty"),
            await storage(client, "DELETE", f"bucket/{self.bucket}"),
        ]


Ask = Callable[[Client, Ground], Awaitable[Outcome]]


async def query(client: Client, statements: str) -> Outcome:
    key = client.as_application("service-role-key")
    return (await client.ask("POST", "/pg/query", key, json={"query": statements}))[0]


async def storage(client: Client, method: str, path: str, **more: Any) -> Outcome:
    key = client.as_application("service-role-key")
    return (await client.ask(method, f"/storage/v1/{path}", key, **more))[0]


# --- What is asked throughout ------------------------------------------------------------------


async def who_am_i(client: Client, _ground: Ground) -> Outcome:
    return (await client.ask("GET", "/auth/v1/user", client.as_user()))[0]


async def sign_in(client: Client, _ground: Ground) -> Outcome:
    return await client.sign_in()


def rows(key: str, least: int, most: int) -> Ask:
    """Rows of the table, for the user or with a key: row level security decides how many."""

    async def ask(client: Client, ground: Ground) -> Outcome:
        headers = client.as_user() if key == "user" else client.as_application(key)
        path = f"/rest/v1/{ground.name}?select=note"
        outcome, answer = await client.ask("GET", path, headers)
        if outcome.wrong or answer is None:
            return outcome
        seen = len(answer.json())
        if least <= seen <= most:
            return outcome
        return Outcome(outcome.status, outcome.seconds, f"{seen} rows, not {least} to {most}")

    return ask


async def upload(client: Client, ground: Ground) -> Outcome:
    key = client.as_application("service-role-key") | {"x-upsert": "true"}
    path = f"/storage/v1/object/{ground.bucket}/{client.user}.bin"
    return (await client.ask("POST", path, key, content=CONTENT))[0]


async def download(client: Client, ground: Ground) -> Outcome:
    key = client.as_application("service-role-key")
    path = f"/storage/v1/object/authenticated/{ground.bucket}/{client.user}.bin"
    outcome, answer = await client.ask("GET", path, key)
    if not outcome.wrong and answer is not None and answer.content != CONTENT:
        return Outcome(outcome.status, outcome.seconds, "other bytes than went up")
    return outcome


async def function(client: Client, _ground: Ground) -> Outcome:
    return (await client.ask("POST", "/functions/v1/hello", client.as_user(), json={}))[0]


async def meta(client: Client, _ground: Ground) -> Outcome:
    key = client.as_application("service-role-key")
    return (await client.ask("GET", "/pg/schemas", key))[0]


async def studio(client: Client, _ground: Ground) -> Outcome:
    return await client.open_studio()


async def realtime(client: Client, _ground: Ground) -> Outcome:
    """A websocket and a channel of their own, left at once."""
    outcome, channel = await channels.joined(client)
    if channel is not None:
        await channel.close()
    return outcome


ROUTES: dict[str, tuple[int, Ask]] = {  # How often of all requests, and what.
    "auth.user": (4, who_am_i),
    "auth.sign-in": (1, sign_in),
    "rest.session": (4, rows("user", 1, 1)),
    "rest.anon-key": (1, rows("anon-key", 0, 0)),
    "rest.publishable-key": (2, rows("publishable-key", 0, 0)),
    "rest.secret-key": (1, rows("secret-key", 1, 1_000_000)),
    "storage.upload": (1, upload),
    "storage.download": (2, download),
    "functions": (2, function),
    "realtime": (1, realtime),
    "studio": (1, studio),
    "meta": (1, meta),
}
KEYS = {"rest.publishable-key": "publishable-key", "rest.secret-key": "secret-key"}


def in_turn(keys: dict[str, str]) -> Iterator[str]:
    """All routes, each as often as it weighs; those whose key the platform lacks are left out."""
    known = [name for name in ROUTES if name not in KEYS or keys.get(KEYS[name])]
    cycle = [name for name in known for _ in range(ROUTES[name][0])]
    luck = random.Random(1)  # noqa: S311 - An order, not a secret.
    while True:
        luck.shuffle(cycle)
        yield from cycle
