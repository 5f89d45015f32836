"""Amounts of cpu, memory and other resources: read, added up, and written as Kubernetes does."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

UNITS = {
    "": Decimal(1),
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    **{unit: Decimal(10) ** (3 * power) for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(2) ** (10 * power) for power, unit in enumerate("KMGTPE", start=1)},
}
AMOUNT = re.compile(r"^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([numkKMGTPE]?i?)$")
BINARY = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")
BYTES = ("memory", "storage")  # Parts of the names of what is counted in powers of two.

Amounts = dict[str, Decimal]


def amount(quantity: Any) -> Decimal:
    """What a quantity such as `250m` or `1Gi` stands for; nonsense stands for nothing."""
    found = AMOUNT.match(str(quantity))
    if not found or found[2] not in UNITS:
        return Decimal(0)
    return Decimal(found[1]) * UNITS[found[2]]


def amounts(quantities: Mapping[str, Any] | None) -> Amounts:
    return {name: amount(value) for name, value in (quantities or {}).items()}


def written(name: str, value: Decimal) -> str:
    """An amount of a resource in its shortest exact form: `1500m`, `2`, `768Mi`."""
    if any(part in name for part in BYTES):
        for unit in BINARY:
            if value and value % UNITS[unit] == 0:
                return f"{int(value / UNITS[unit])}{unit}"
    if value == value.to_integral_value():
        return str(int(value))
    return f"{(value * 1000).to_integral_value(rounding='ROUND_UP')}m"


def total(parts: Iterable[Amounts]) -> Amounts:
    found: Amounts = {}
    for part in parts:
        for name, value in part.items():
            found[name] = found.get(name, Decimal(0)) + value
    return found


def highest(parts: Iterable[Amounts]) -> Amounts:
    found: Amounts = {}
    for part in parts:
        for name, value in part.items():
            found[name] = max(found.get(name, value), value)
    return found


def of_pod(spec: Mapping[str, Any], what: str) -> Amounts:
    """What a pod requests, or its limits: its containers together, or its hungriest first step."""

    def wanted(container: Mapping[str, Any]) -> Amounts:
        return amounts((container.get("resources") or {}).get(what))

    steps = spec.get("initContainers") or ()
    beside = total(wanted(each) for each in steps if each.get("restartPolicy") == "Always")
    before = [wanted(each) for each in steps if each.get("restartPolicy") != "Always"]
    running = total([*map(wanted, spec.get("containers") or ()), beside])
    # Sidecars that start before a step run beside it; which are earlier makes little difference.
    peak = highest([running, *(total([each, beside]) for each in before)])
    return total([peak, amounts(spec.get("overhead"))])
