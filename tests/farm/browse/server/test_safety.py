"""The server of `farm browse` refuses other sites' requests; it runs on a person's own machine."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from farm.browse.server.safety import ANY_ADDRESS, Guard
from tests.farm.browse.server.test_pages import Answer, Client


async def behind(scope: Any, _receive: Any, send: Any) -> None:
    """The guarded application, which answers every request."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"kept")]})
    await send({"type": "http.response.body", "body": scope["method"].encode()})


def ask(method: str = "GET", hosts: tuple[str, ...] = ("127.0.0.1", "[::1]"), **headers: str) -> Answer:
    return Client(Guard(behind, hosts)).get("/", method, **headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "127.0.0.1", "[::1]:8765", "[::1]"])
def test_it_answers_to_the_names_it_is_known_by(host: str):
    assert ask(host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "::1", "[::2]", "127.0.0.1:80:90"],
)
def test_it_answers_to_no_other_name(host: str):
    answer = ask(host=host)
    assert answer.status == 403
    assert answer.body == b"this server is not known by that name"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8765", "https://127.0.0.1:8765"])
def test_its_own_pages_may_read(origin: str):
    assert ask(origin=origin).status == 200


@pytest.mark.parametrize(
    "origin", ["null", "http://127.0.0.1", "http://127.0.0.1:9", "http://evil.example", "file://", ""]
)
def test_no_other_page_may_read(origin: str):
    answer = ask(origin=origin)
    assert (answer.status, answer.body) == (403, b"other sites' pages may not read this")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_is_all_that_one_can_do(method: str):
    assert ask(method).body == method.encode()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(method: str):
    assert ask(method).status == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_answer_tells_web_browsers_to_trust_nothing_else(method: str):
    headers = ask(method).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_applications_own_headers_stay():
    assert ask().headers["x-own"] == "kept"


def test_what_is_no_request_passes():
    """A server's start and end, for example, have no headers to look at."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    asyncio.run(Guard(app, ())({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    ("cookie", "query", "status"),
    [
        ("", "", 403),
        ("dolphin-farm-token=wrong", "", 403),
        ("dolphin-farm-token=right", "", 200),
        ("a=b; dolphin-farm-token=right; c=d", "", 200),
        ("\x00;;=", "", 403),
        ("", "?token=right", 303),
        ("", "?token=wrong", 403),
        ("", "?" + "&".join(["token=wrong"] * 100), 403),
        ("dolphin-farm-token=r\xefght", "", 403),
    ],
)
def test_where_there_is_a_token_only_those_who_know_it_are_answered(cookie: str, query: str, status: int):
    guard = Guard(behind, ("127.0.0.1",), "right")
    assert Client(guard).get(f"/{query}", cookie=cookie).status == status


def test_the_token_goes_into_a_cookie_that_no_script_and_no_other_site_gets():
    answer = Client(Guard(behind, ("127.0.0.1",), "right")).get("/games?token=right")
    assert answer.headers["location"] == "/games"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize(("host", "status"), [("192.0.2.7:1", 200), ("[::2]", 200), ("evil.example", 403)])
def test_on_all_addresses_it_answers_to_each_of_them_and_to_no_strange_name(host: str, status: int):
    assert ask(hosts=("127.0.0.1", ANY_ADDRESS), host=host).status == status


def test_an_address_without_end_is_refused():
    assert Client(Guard(behind, ("127.0.0.1",))).get("/" + "9" * 5000).status == 403
