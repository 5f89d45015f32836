"""Gateways: the kinds and classes that AKS or a controller brings, and what they answer."""
