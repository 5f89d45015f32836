"""HTTP/1.1 as most connections speak it."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_LIMIT = 65536  # Bytes.


class Fast(HttpToolsProtocol):
    """HTTP/1.1 in C, which by itself would take a head of any length."""

    heading = 0  # Bytes that came since a head began; none outside of it.

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.heading and not self.transport.is_closing():
            self.heading += len(data)
            if self.heading > HEAD_LIMIT:
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        self.heading = 1
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.heading = 0
        super().on_headers_complete()
