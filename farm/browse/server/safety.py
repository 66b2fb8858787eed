"""The guard before the browser's server: refuses requests from other sites, and adds security headers.

If users of other machines can reach the server, a visitor must know a token. The token is in the address that
`farm browse` prints, and goes into a cookie with the first request.
"""

from __future__ import annotations

import ipaddress
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs

from starlette.responses import PlainTextResponse, RedirectResponse

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS: Final = {
    # Everything is loaded from this server; nothing is inline.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


ANY_ADDRESS: Final = "any address"
"""As one of the hosts: a request may name any IP address, since the server listens on all of them."""
TOKEN: Final = "token"  # noqa: S105 - what the query calls it
_COOKIE: Final = "dolphin-farm-token"
_LONGEST_PATH: Final = 2048


class Guard:
    """Answers only under known host names, only to requests that read, and never to another site's pages.

    Otherwise a page of another site could use a host name of its own that resolves to 127.0.0.1.

    Args:
        app: the application to guard.
        hosts: names and addresses, without ports, that a request may use for this server; or ANY_ADDRESS.
        token: the secret that a visitor must know; None if only this machine's users can reach the server.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], token: str | None = None) -> None:
        self._app, self._hosts, self._token = app, frozenset(hosts), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal:
            await PlainTextResponse(refusal, status_code=403, headers=_HEADERS)(scope, receive, send)
            return
        if self._shows_token(scope):
            answer = RedirectResponse(scope["path"] or "/", status_code=303, headers=_HEADERS)
            answer.set_cookie(_COOKIE, self._token or "", httponly=True, samesite="strict")
            await answer(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] += [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> str:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        # The port follows the last colon, but an IPv6 address without a port ends in a bracket.
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name not in self._hosts and not (ANY_ADDRESS in self._hosts and _is_address(name)):
            return "this server is not known by that name"
        if len(scope["path"]) > _LONGEST_PATH:
            return f"an address here has {_LONGEST_PATH} characters at most"
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            return "other sites' pages may not read this"
        if scope["method"] not in ("GET", "HEAD"):
            return "there is nothing to write here"
        if not self._knows_token(headers.get("cookie", "")) and not self._shows_token(scope):
            return "open the address that farm browse printed: it has a token"
        return ""

    def _knows_token(self, cookie: str) -> bool:
        if self._token is None:
            return True
        try:
            found = SimpleCookie(cookie).get(_COOKIE)
        except CookieError:
            return False
        return found is not None and self._is_token(found.value)

    def _shows_token(self, scope: Scope) -> bool:
        if self._token is None:
            return False
        try:
            asked = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=20)
        except ValueError:
            return False
        return self._is_token(asked.get(TOKEN, [""])[0])

    def _is_token(self, text: str) -> bool:
        return self._token is not None and secrets.compare_digest(text.encode(), self._token.encode())


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True
