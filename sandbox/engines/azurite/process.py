"""One Azurite process: started at the first request, ended with the sandbox."""

import asyncio
import base64
import logging
import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

import httpx

from sandbox.files import make_private, short_folder

LOG = logging.getLogger(__name__)
INSTALLED = Path(__file__).parents[3] / ".engines" / "azurite" / "node_modules"
SERVE = Path(__file__).with_name("serve.cjs")
SOCKET_LIMIT = 100  # Bytes in the path of a unix socket.
STARTING, STOPPING = 60.0, 10.0  # Seconds; Azurite needs one or two.
KEPT = 30.0  # Seconds that an unused connection to it stays open.


class MissingError(Exception):
    """Azurite or Node.js is not installed here; the sentence says what helps."""


class Azurite:
    """The engine; its data lie in a folder, and only this process has its key."""

    def __init__(self, folder: Path, modules: Path = INSTALLED) -> None:
        self.folder = folder
        self.modules = modules
        self.key = secrets.token_bytes(32)
        self._process: asyncio.subprocess.Process | None = None
        self._client: httpx.AsyncClient | None = None
        self._starting = asyncio.Lock()
        self._short: Path | None = None  # A folder for the socket, where ours has a long name.

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        running = self._process is not None and self._process.returncode is None
        return self._process.pid if self._process and running else None

    async def client(self) -> httpx.AsyncClient:
        """A client of the running engine; the first call starts it."""
        async with self._starting:
            if self._client is None or self.pid is None:
                await self._end()
                self._client = await self._start()
            return self._client

    async def stop(self) -> None:
        """Let it write down what it holds, and end it."""
        async with self._starting:
            await self._end()

    async def _start(self) -> httpx.AsyncClient:
        node = shutil.which("node")
        if node is None or not (self.modules / "azurite").is_dir():
            what = "Azurite is not installed" if node else "Node.js is not on PATH"
            raise MissingError(
                f"{what}, so there are no blobs in this sandbox. Install it with "
                "scripts/engines.sh azurite (it needs Node.js and npm)."
            )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        socket = self._socket()
        # Its standard input is a pipe of ours: it closes when this process ends, even by kill -9.
        self._process = await asyncio.create_subprocess_exec(
            *(node, str(SERVE), str(self.modules), str(socket), str(self.folder)),
            env={"PATH": os.defpath, "AZURITE_KEY": base64.b64encode(self.key).decode()},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=(self.folder / "azurite.log").open("ab"),
            cwd=self.folder,
            start_new_session=True,
        )
        assert self._process.stdout  # noqa: S101  # asked for above
        said = b""
        with suppress(TimeoutError):
            said = await asyncio.wait_for(self._process.stdout.readline(), STARTING)
        if said.strip() != b"ready":
            await self._end()
            raise MissingError(f"Azurite does not start: see {self.folder / 'azurite.log'}.")
        LOG.info("Azurite runs as process %s", self._process.pid)
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(socket),
                limits=httpx.Limits(max_connections=None, keepalive_expiry=KEPT),
            ),
            timeout=httpx.Timeout(60, read=None),
            trust_env=False,
        )

    def _socket(self) -> Path:
        """A path that a unix socket can have, in a folder of our own."""
        socket = self.folder.resolve() / "azurite.sock"
        if len(bytes(socket)) > SOCKET_LIMIT:
            short = short_folder(self.folder)
            try:
                make_private(short)
            except OSError as error:
                raise MissingError(f"Azurite has no place to listen: {error}") from error
            self._short, socket = short, short / "azurite.sock"
        socket.unlink(missing_ok=True)
        return socket

    async def _end(self) -> None:
        if self._client:
            await self._client.aclose()
            self._client = None
        process, self._process = self._process, None
        if process and process.stdin and process.returncode is None:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), STOPPING)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._short:
            shutil.rmtree(self._short, ignore_errors=True)
            self._short = None
