"""What the sandbox needs of this machine: real programs that its run-command pods call."""

import asyncio
import json
import os
import re
import shutil
from dataclasses import dataclass

from sandbox.state import SandboxError

DEADLINE = 20.0  # Seconds; a first start of terraform can be slow.
QUIET = {"CHECKPOINT_DISABLE": "1"}  # Terraform would ask the real world for its newest version.
NEEDED = ("HOME", "PATH")


@dataclass(frozen=True)
class Tool:
    """A program on PATH, how to ask its version, and the oldest that works."""

    name: str
    arguments: tuple[str, ...]
    oldest: tuple[int, int]
    install: str


TOOLS = (
    Tool("terraform", ("version", "-json"), (1, 11), "https://developer.hashicorp.com/terraform"),
    Tool(
        "kubectl",
        ("version", "--client", "-o", "json"),
        (1, 27),
        "https://kubernetes.io/docs/tasks/tools",
    ),
    Tool("curl", ("--version",), (7, 0), "your system's package manager"),
)


def parse_version(printed: str) -> tuple[int, int]:
    """Major and minor, from JSON of terraform or kubectl, or from a first line."""
    try:
        found = json.loads(printed)
        client = found.get("clientVersion") or {}
        text = found.get("terraform_version") or client.get("gitVersion", "")
    except ValueError:
        text = printed
    match = re.search(r"(\d+)\.(\d+)", text)
    if match is None:
        raise ValueError(f"no version in {printed[:80]!r}")
    return int(match[1]), int(match[2])


async def complaint(tool: Tool) -> str:
    """What is wrong with a tool, or nothing."""
    path = shutil.which(tool.name)
    if path is None:
        return f"{tool.name} is not on PATH: install it from {tool.install}"
    program = await asyncio.create_subprocess_exec(
        path,
        *tool.arguments,
        env=QUIET | {name: os.environ[name] for name in NEEDED if name in os.environ},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        printed, _ = await asyncio.wait_for(program.communicate(), DEADLINE)
        found = parse_version(printed.decode(errors="replace"))
    except TimeoutError:
        program.kill()
        return f"{path} did not tell its version within {DEADLINE:.0f} s: does it run?"
    except ValueError as error:
        return f"{path} did not tell its version: {error}"
    if found < tool.oldest:
        have, need = (".".join(map(str, pair)) for pair in (found, tool.oldest))
        return f"{path} is {have} and at least {need} is needed: update it from {tool.install}"
    return ""


async def check() -> None:
    """Refuse to start on a machine that lacks something, and name all of it at once."""
    found = [text for text in await asyncio.gather(*map(complaint, TOOLS)) if text]
    if found:
        raise SandboxError(
            "This machine lacks what the sandbox needs.", "\n".join(f"- {text}" for text in found)
        )
