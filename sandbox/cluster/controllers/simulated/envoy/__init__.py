"""Envoy, as far as the chart's own configuration of it asks."""

from sandbox.cluster.controllers.simulated.envoy.gateway import Envoy

__all__ = ["Envoy"]
