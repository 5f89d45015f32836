"""The page on loopback: what is going on in the sandbox, live, for the person who started it."""

from sandbox.page.views import Page

__all__ = ["Page"]
