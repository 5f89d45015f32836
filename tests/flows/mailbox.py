"""A mail server that keeps what it is given."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Mailbox:
    """The letters that have arrived, and the address to which they are sent."""

    address: str = ""
    letters: list[str] = field(default_factory=list)


@contextmanager
def opened() -> Iterator[Mailbox]:
    """A mail server on this machine that takes letters from anybody."""
    mailbox = Mailbox()

    class Clerk(socketserver.StreamRequestHandler):
        def say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self) -> None:
            self.say("220 At your service")
            letter: list[str] | None = None
            for line in (raw.decode().rstrip("\r\n") for raw in self.rfile):
                if letter is not None and line == ".":
                    mailbox.letters.append("\n".join(letter))
                    letter = None
                    self.say("250 Kept")
                elif letter is not None:
                    letter.append(line)
                elif line.upper() == "DATA":
                    letter = []
                    self.say("354 Go on")
                elif line.upper() == "QUIT":
                    self.say("221 Goodbye")
                    return
                else:
                    self.say("250 So be it")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Clerk) as server:
        port = server.server_address[1]
        mailbox.address = (
            f"mailto://127.0.0.1:{port}?mode=insecure&from=prefect@example.com&to=duty@example.com"
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield mailbox
        server.shutdown()
