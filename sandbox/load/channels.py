"""Channels of Realtime: joined anew each time, and kept as realtime-js keeps them."""

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from itertools import count
from time import monotonic
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from sandbox.load.client import Client
from sandbox.load.tally import Outcome

PATIENCE = 15.0  # Seconds for a websocket to open, and for one answer on it.
BACK_AFTER = (1.0, 2.0, 5.0, 10.0)  # Seconds until a client that was cut off is back, as there.
HEARTBEAT = 5.0  # Seconds; there 25.
TOPIC = "realtime:load"
KEPT = "realtime.kept"
BROKEN = (OSError, WebSocketException, TimeoutError, ValueError, KeyError)


async def joined(client: Client) -> "tuple[Outcome, Kept | None]":
    """
    Open a websocket and join a channel as the user.

    One that is cut off before the channel has answered is opened again: a server may end a
    connection, as long as the next one is served.
    """
    begun = monotonic()
    for pause in BACK_AFTER:
        outcome, channel = await _joined(client, begun)
        if outcome is not None:
            return outcome, channel
        client.tally.reconnects += 1
        await asyncio.sleep(pause)
    return Outcome("cut off", monotonic() - begun, "the websocket broke off again and again"), None


async def _joined(client: Client, begun: float) -> "tuple[Outcome | None, Kept | None]":
    """One try; without an outcome where the connection was ended in the middle of it."""
    entrance, session = client.entrance, client.session
    secure = entrance.url.startswith("https:")
    url = entrance.url.replace("http", "ws", 1) + "/realtime/v1/websocket?vsn=1.0.0&apikey="
    try:
        socket = await connect(
            url + entrance.keys["anon-key"],
            proxy=entrance.proxy,
            open_timeout=PATIENCE,
            close_timeout=1,
            ssl=entrance.trust if secure else None,
        )
    except InvalidStatus as error:
        status = str(error.response.status_code)
        return Outcome(status, monotonic() - begun, "the websocket is refused"), None
    except BROKEN as error:
        return Outcome(type(error).__name__, monotonic() - begun, "no websocket opens"), None
    channel = Kept(socket, session.access)
    try:
        said = await channel.ask("phx_join", {"config": {}, "access_token": session.access})
    except ConnectionClosed:
        return None, None
    except ShutError as error:
        said = {"response": {"reason": str(error)}}
    except BROKEN as error:
        await channel.close()
        return Outcome(type(error).__name__, monotonic() - begun, "the channel is silent"), None
    if said.get("status") == "ok":
        return Outcome("101", monotonic() - begun), channel
    await channel.close()
    why = str(said.get("response", {}).get("reason", "the channel is refused"))[:80]
    rejected = "JWT" in why and session.valid
    return Outcome("refused", monotonic() - begun, why, rejected), None


class ShutError(Exception):
    """The server has closed the channel and said why; the websocket is still open."""


@dataclass
class Kept:
    """A channel on an open websocket, and the token that the server knows of it."""

    socket: ClientConnection
    token: str = field(repr=False)
    _refs: "count[int]" = field(default_factory=lambda: count(1))

    async def ask(self, event: str, payload: dict[str, Any], topic: str = TOPIC) -> dict[str, Any]:
        """Send, and read until the answer."""
        ref = str(next(self._refs))
        async with asyncio.timeout(PATIENCE):
            await self._send(topic, event, payload, ref)
            while (heard := await self._hear()).get("ref") != ref:
                pass
        return dict(heard["payload"])

    async def listen(self, seconds: float) -> None:
        """Hear what comes, so that an end is noticed when it comes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self._hear()

    async def _hear(self) -> dict[str, Any]:
        heard: dict[str, Any] = json.loads(await self.socket.recv())
        if heard["event"] == "system" and heard["payload"].get("status") == "error":
            raise ShutError(str(heard["payload"].get("message", ""))[:80])
        return heard

    async def renew(self, token: str) -> None:
        """Tell of the user's next access token; only a refusal is answered."""
        if token != self.token:
            self.token = token
            await self._send(TOPIC, "access_token", {"access_token": token}, str(next(self._refs)))

    async def close(self) -> None:
        with contextlib.suppress(*BROKEN):
            await self.socket.close()

    async def _send(self, topic: str, event: str, payload: dict[str, Any], ref: str) -> None:
        told = {"topic": topic, "event": event, "payload": payload, "ref": ref}
        await self.socket.send(json.dumps(told))


async def keep(client: Client) -> None:
    """Stay on a channel until cancelled; whoever is cut off comes back, and that is counted."""
    while True:
        outcome, channel = await joined(client)
        client.tally.count(KEPT, outcome)
        if channel is not None:
            try:
                await stay(client, channel)
            finally:
                await channel.close()
        await asyncio.sleep(BACK_AFTER[0])


async def stay(client: Client, channel: Kept) -> None:
    """Heartbeats and new tokens, until the connection ends or the channel is shut."""
    while True:
        begun, session = monotonic(), client.session
        try:
            await channel.renew(session.access)
            await channel.ask("heartbeat", {}, "phoenix")
            await channel.listen(HEARTBEAT)
        except ConnectionClosed:
            client.tally.reconnects += 1
            return
        except ShutError as error:
            why, rejected = str(error), "JWT" in str(error) and session.valid
            client.tally.count(KEPT, Outcome("shut", monotonic() - begun, why, rejected))
            return
        except BROKEN as error:
            name = type(error).__name__
            client.tally.count(KEPT, Outcome(name, monotonic() - begun, "no heartbeat"))
            return
