"""The programs that a command finds: those of Azure's image, and no others."""

import os
import shlex
import shutil
import sys
from pathlib import Path

# gzip, tar, curl, git, az and python are missing on purpose: the image is not known to have them.
TOOLS = ("kubectl", "jq", "grep", "awk", "xargs", "bash", "sh")
COREUTILS = (
    *("[", "base64", "basename", "cat", "chmod", "cp", "cut", "date", "dirname", "echo", "env"),
    *("false", "head", "ls", "mkdir", "mktemp", "mv", "printf", "pwd", "rm", "sed", "seq"),
    *("sha256sum", "sleep", "sort", "tail", "tee", "test", "touch", "tr", "true", "uniq", "wc"),
)
USUAL = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def make(folder: Path) -> Path:
    """A folder of links, to be the whole PATH; `helm` is the host's, or ours."""
    folder.mkdir(parents=True, exist_ok=True)
    where = os.pathsep.join([os.environ.get("PATH", ""), USUAL])
    for name in (*TOOLS, *COREUTILS, "helm"):
        link, program = folder / name, shutil.which(name, path=where)
        link.unlink(missing_ok=True)
        if program:
            # Some programs look for their parts beside their real place.
            link.symlink_to(Path(program).resolve() if name == "kubectl" else program)
        elif name == "helm":
            install_helm(folder)
    return folder


def install_helm(folder: Path) -> Path:
    """Write a `helm` that runs ours as a program, whatever PATH and folder it is called from."""
    program = folder / "helm"
    project = shlex.quote(str(Path(__file__).resolve().parents[3]))
    python = shlex.quote(sys.executable)
    # -P keeps the caller's folder, which may hold a yaml.py, off the module path.
    program.write_text(
        f"#!/bin/sh\nPYTHONPATH={project} PYTHONDONTWRITEBYTECODE=1 "
        f'exec {python} -P -m sandbox.tools.helm "$@"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program
