"""
Helm as a library, in a process of its own: it is young, and brings Go's runtime along.

JSON lines in, `{"render": chart, "values", "release", "namespace"}` or `{"lint": chart, "values"}`;
JSON lines out, `{"answer": ...}` or `{"refused": text}`.
"""

import json
import sys
from functools import cache
from typing import Any

from helm_python import Chart, lint
from helm_python.errors import HelmError

KUBERNETES = "v1.34.0"

load = cache(Chart.load)


def answer(request: dict[str, Any]) -> Any:
    values = request["values"]
    if "lint" in request:
        return lint(request["lint"], values, strict=True, kube_version=KUBERNETES)
    chart = load(request["render"])
    chart.validate_schema(values)
    return chart.render(values, name=request["release"], namespace=request["namespace"])


for line in sys.stdin:
    try:
        reply = {"answer": answer(json.loads(line))}
    except HelmError as error:
        reply = {"refused": str(error)}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
