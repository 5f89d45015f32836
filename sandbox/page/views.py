"""The page's addresses: itself, its live parts, and what it is made of."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from sandbox.app import Cloud
from sandbox.overview import overview
from sandbox.page import shown
from sandbox.page.guard import Guard, at_home
from sandbox.request_log import Entry, Filter, Tail

HERE = Path(__file__).parent
FILES = {"style.css": "text/css", "page.js": "text/javascript"}
SECTIONS = ("now", "propagations", "weather", "groups", "clusters", "commands", "access", "log")
LINES = 60  # Of the request log.
PAUSE = 1.0  # Seconds between two looks at what has changed.
SILENCE = 15  # Looks after which a browser is told that we are still here.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """One page for whatever cloud there is at the moment."""

    def __init__(self, cloud: Callable[[], Cloud], requests: Path) -> None:
        self.cloud = cloud
        self.requests = requests
        self.guard = Guard()
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self.templates.filters |= shown.FILTERS

    def address(self, port: int) -> str:
        """Where a browser opens the page, once."""
        return f"http://127.0.0.1:{port}/enter?key={self.guard.key()}"

    def routes(self) -> list[Route]:
        """Only questions: nothing here changes the sandbox."""
        return [
            Route("/", self.show, methods=["GET"]),
            Route("/enter", self.enter, methods=["GET"]),
            Route("/live", self.live, methods=["GET"]),
            *(Route(f"/page/{name}", self.file, methods=["GET"]) for name in FILES),
        ]

    async def show(self, request: Request) -> Response:
        if not self.guard.admits(request):
            return self.refuse(request)
        entries = await asyncio.to_thread(self.tail(request).look)
        context = self.context(request, entries, live=False)
        return HTMLResponse(self.render("page.html", context), headers=HEADERS)

    async def enter(self, request: Request) -> Response:
        """Ends in a page that leads on, since browsers hold strict cookies back in a redirect."""
        response = HTMLResponse(self.render("enter.html", {}), headers=HEADERS)
        return response if self.guard.enter(request, response) else self.refuse(request)

    async def file(self, request: Request) -> Response:
        if not at_home(request):
            return self.refuse(request)
        name = request.url.path.rpartition("/")[2]
        return FileResponse(HERE / "static" / name, media_type=FILES[name], headers=HEADERS)

    async def live(self, request: Request) -> Response:
        if not self.guard.admits(request):
            return self.refuse(request)
        events = self.changes(request)
        return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)

    def refuse(self, request: Request) -> Response:
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse("This is the proxy of an Azure sandbox.\n", 403)
        return HTMLResponse(self.render("refused.html", {}), 403, HEADERS)

    async def changes(self, request: Request) -> AsyncIterator[str]:
        """The parts of the page, each whenever it has become another."""
        sent: dict[str, str] = {}
        looks, tail = 0, self.tail(request)
        while True:
            entries = await asyncio.to_thread(tail.look)
            context = self.context(request, entries, live=True)
            for name in SECTIONS:
                html = self.render(f"{name}.html", context)
                if sent.get(name) != html:
                    sent[name] = html
                    yield f"data: {json.dumps({'name': name, 'html': html})}\n\n"
            looks += 1
            if looks % SILENCE == 0:
                yield ": still here\n\n"
            await asyncio.sleep(PAUSE)

    def tail(self, request: Request) -> Tail:
        """The end of the request log, with the filter that the address names."""
        asked = asked_by(request)
        wanted = Filter(
            method=asked["method"],
            host=asked["host"],
            path=asked["path"],
            status=asked["status"],
            principal=asked["principal"],
            fault=asked["fault"],
        )
        return Tail(self.requests, wanted, LINES)

    def context(self, request: Request, entries: list[Entry], *, live: bool) -> dict[str, Any]:
        """What the templates need; `live` leaves to the browser what changes by the second."""
        return {
            **overview(self.cloud()),
            "sections": SECTIONS,
            "live": live,
            "now": time.time(),
            "asked": asked_by(request),
            "entries": entries[::-1],
        }

    def render(self, name: str, context: dict[str, Any]) -> str:
        return self.templates.get_template(name).render(context)


def asked_by(request: Request) -> dict[str, str]:
    """The fields of the filter, as the browser has filled them in."""
    return {name: request.query_params.get(name, "") for name in shown.FIELDS}
