"""The weather of the sandbox: faults that are planned, drawn by a seed, and seen."""

from sandbox.weather.active import Active
from sandbox.weather.effects import Failure, Token
from sandbox.weather.evictions import EvictedError
from sandbox.weather.faults import Fault, Plan
from sandbox.weather.requests import Exposed
from sandbox.weather.weather import Outage, Trouble, UnknownFaultError, Weather

__all__ = [
    "Active",
    "EvictedError",
    "Exposed",
    "Failure",
    "Fault",
    "Outage",
    "Plan",
    "Token",
    "Trouble",
    "UnknownFaultError",
    "Weather",
]
