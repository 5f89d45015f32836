"""The weather of the sandbox: faults that are planned, drawn by a seed, and seen."""

from sandbox.weather.effects import Failure, Token
from sandbox.weather.faults import Fault, Plan
from sandbox.weather.weather import Active, Outage, Trouble, UnknownFaultError, Weather

__all__ = [
    "Active",
    "Failure",
    "Fault",
    "Outage",
    "Plan",
    "Token",
    "Trouble",
    "UnknownFaultError",
    "Weather",
]
