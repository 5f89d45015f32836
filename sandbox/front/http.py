"""HTTP/1.1 as most connections speak it."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 65536  # Bytes.
HEAD_TIME = 30.0  # Seconds from its first byte to its last.


class Fast(HttpToolsProtocol):
    """HTTP/1.1 in C, which by itself would take a head of any length, and wait for it for ever."""

    heading = 0  # Bytes that came since a head began; none outside of it.
    patience: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.heading and not self.transport.is_closing():
            self.heading += len(data)
            if self.heading > HEAD_LIMIT:
                self.send_400_response("The head of the request is too long.")
            elif self.patience is None:
                self.patience = self.loop.call_later(HEAD_TIME, self.late)

    def late(self) -> None:
        if not self.transport.is_closing():
            self.send_400_response("The head of the request did not come to its end.")

    def connection_lost(self, exc: Exception | None) -> None:
        self.calm()
        super().connection_lost(exc)

    def calm(self) -> None:
        if self.patience is not None:
            self.patience.cancel()
            self.patience = None

    def on_message_begin(self) -> None:
        self.heading = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.heading = 0
        self.calm()
        super().on_headers_complete()
