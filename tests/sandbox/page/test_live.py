"""The live parts of the page, without a browser."""

import asyncio
import json
import threading
from pathlib import Path

import pytest
from starlette.requests import Request

from sandbox import page, request_log
from sandbox.page import views
from tests.sandbox.conftest import Azure


def test_a_page_with_a_filter_reads_each_line_of_the_log_once_and_beside_the_loop(
    azure: Azure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, lines = tmp_path / "requests.jsonl", 2000
    log.write_text('{"method": "GET", "path": "/often"}\n' * lines)
    looked: list[int] = []
    original = request_log.read

    def read(line: bytes) -> request_log.Entry | None:
        looked.append(threading.get_ident())
        return original(line)

    monkeypatch.setattr(request_log, "read", read)
    monkeypatch.setattr(views, "PAUSE", 0.01)
    shown = page.Page(lambda: azure.cloud, log)
    scope = {"type": "http", "method": "GET", "path": "/live", "query_string": b"path=/rare"}

    async def watch() -> None:
        events = shown.changes(Request({**scope, "headers": []}))
        async for event in events:
            if event.startswith("data:") and json.loads(event[5:])["name"] == "log":
                break
        with log.open("a") as more:
            more.write('{"method": "GET", "path": "/rare/one"}\n')
        async for event in events:
            if "/rare/one" in event:
                break

    asyncio.run(watch())

    assert len(looked) == lines + 1
    assert threading.get_ident() not in looked
