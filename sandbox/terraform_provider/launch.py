"""Start as a plugin of Terraform: one handshake line on stdout, then gRPC on a private socket."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from sandbox.terraform_provider import certificate, protocol
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.service import Service

COOKIE = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"
ALONE = 2.0  # Seconds between two looks whether Terraform is still there.
UNLIMITED = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


def answer(service: Service, method: str, request: bytes) -> bytes:
    """Call one method; every failure is a diagnostic, because Terraform hides errors of gRPC."""
    response = protocol.response(method)
    try:
        reply = getattr(service, method)(protocol.request(method).FromString(request))
    except ProviderError as error:
        reply = response(diagnostics=[protocol.diagnostic(error)])
    except Exception as error:  # noqa: BLE001 - a bug of ours is a diagnostic with its place
        bug = ProviderError(f"{type(error).__name__}: {error}", traceback.format_exc())
        reply = response(diagnostics=[protocol.diagnostic(bug)])
    return bytes(reply.SerializeToString())


class Plugin(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships without types.
    """The provider, and the services by which Terraform watches and ends every plugin."""

    def __init__(self, service: Service, shutdown: Callable[[], None]) -> None:
        self.provider = service
        self.shutdown = shutdown

    def service(self, details: Any) -> Any:
        path, _, method = details.method[1:].partition("/")
        if path == f"{protocol.PACKAGE}.Provider" and hasattr(self.provider, method):
            return grpc.unary_unary_rpc_method_handler(
                lambda request, _context: answer(self.provider, method, request)
            )
        if details.method == "/plugin.GRPCController/Shutdown":
            return grpc.unary_unary_rpc_method_handler(self.end)
        if details.method == "/plugin.GRPCStdio/StreamStdio":
            return grpc.unary_stream_rpc_method_handler(lambda _request, _context: iter(()))
        return None

    def end(self, _request: bytes, _context: Any) -> bytes:
        self.shutdown()
        return b""


def main(pem: str) -> None:
    """Serve until Terraform says goodbye; `pem` names the file with key and certificate."""
    if os.environ.get("TF_PLUGIN_MAGIC_COOKIE") != COOKIE:
        sys.exit("This is a plugin of Terraform: set TF_CLI_CONFIG_FILE and run `terraform init`.")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is Terraform's; it calls StopProvider.

    pair = certificate.ensure(Path(pem))
    folder = tempfile.mkdtemp(prefix="azurerm")
    socket = f"unix:{folder}/socket"
    over = threading.Event()
    handler = Plugin(Service(), over.set)
    server = grpc.server(ThreadPoolExecutor(32), handlers=[handler], options=UNLIMITED)
    server.add_secure_port(socket, grpc.ssl_server_credentials([(pair, pair)]))
    server.start()
    line = f"1|6|unix|{folder}/socket|grpc|{certificate.handshake_form(pair)}\n"
    sys.stdout.write(line)
    sys.stdout.flush()

    parent = os.getppid()
    while not over.wait(ALONE):
        if os.getppid() != parent:  # Terraform was killed, and cannot say goodbye any more.
            break
    server.stop(0.1).wait(0.2)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(
        0
    )  # Terraform waits for the end of the process, so the interpreter skips its farewell.
