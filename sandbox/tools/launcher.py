"""Put our programs on a PATH that holds nothing else."""

import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def install_helm(folder: Path) -> Path:
    """Write a `helm` that runs our Python, whatever PATH and folder it is called from."""
    program = folder / "helm"
    environment = f"PYTHONPATH={shlex.quote(str(PROJECT))} PYTHONDONTWRITEBYTECODE=1"
    python = shlex.quote(sys.executable)
    # -P keeps the caller's folder, which may hold a yaml.py, off the module path.
    program.write_text(
        f'#!/bin/sh\n{environment} exec {python} -P -m sandbox.tools.helm "$@"\n', encoding="utf-8"
    )
    program.chmod(0o755)
    return program
