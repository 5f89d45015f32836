"""
Who may see the page: whoever has opened it with a key from the command line.

A key is good for one browser, which keeps a cookie instead. The cookie shows, and changes nothing:
what changes the sandbox asks for the token of its state directory. A request that names another
host than this machine is refused, so that no name of the internet can be made to lead here.
"""

import secrets
from collections import deque

from starlette.requests import Request
from starlette.responses import Response

KEYS = 16  # That were printed and not used yet; older ones are forgotten.
SESSIONS = 64


class Guard:
    """Keys that open the page once, and the browsers that have opened it."""

    def __init__(self) -> None:
        self._keys: deque[str] = deque(maxlen=KEYS)
        self._sessions: deque[str] = deque(maxlen=SESSIONS)

    def key(self) -> str:
        """A new key, for one browser."""
        self._keys.append(secrets.token_urlsafe(24))
        return self._keys[-1]

    def enter(self, request: Request, response: Response) -> bool:
        """Give the browser its cookie if it has brought a key."""
        offered = request.query_params.get("key", "")
        known = next((key for key in self._keys if same(key, offered)), None)
        if known is None or not at_home(request):
            return False
        self._keys.remove(known)
        self._sessions.append(secrets.token_urlsafe(24))
        response.set_cookie(cookie(request), self._sessions[-1], httponly=True, samesite="strict")
        return True

    def admits(self, request: Request) -> bool:
        offered = request.cookies.get(cookie(request), "")
        known = any(same(session, offered) for session in self._sessions)
        return known and at_home(request)


def same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def cookie(request: Request) -> str:
    """Cookies are shared by the ports of a host, so each sandbox has a name of its own."""
    return f"sandbox-{port(request)}"


def port(request: Request) -> int:
    server: tuple[str, int] = request.scope["server"]
    return server[1]


def at_home(request: Request) -> bool:
    """Does the browser think that it talks to this machine."""
    named = request.headers.get("host", "").lower()
    return named in {f"127.0.0.1:{port(request)}", f"localhost:{port(request)}"}
