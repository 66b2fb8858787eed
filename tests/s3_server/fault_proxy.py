"""A proxy on loopback that breaks a share of the S3 requests that pass through it, as bad networks do.

It also gives put-if-absent the meaning that AWS gives it: conditional puts of one key pass one after another
(Swift checks the header without a lock). Faults are drawn from a seeded generator; `counts` says how often
each struck.
"""

from __future__ import annotations

import http.client
import random
import socket
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Self

FAULTS = (
    "500",  # an error instead of an answer; the request never arrives
    "503",  # the same, as SlowDown
    "lost_answer",  # the request arrives, its answer does not
    "reset_mid_request",  # the connection breaks while the body is sent
    "reset_mid_answer",  # ... while the answer's body is read
    "truncated_answer",  # the answer's body ends early, and the connection is closed as if it were whole
    "wrong_bytes_up",  # a bit of the request's body flips
    "wrong_bytes_down",  # a bit of the answer's body flips
    "stall",  # nothing for a long while
)
FULL = ("507", "403")
"""Errors by which servers say that they have no room or quota left; only for puts, if a plan names them."""
CODES = {"500": b"InternalError", "503": b"SlowDown", "507": b"InsufficientStorage", "403": b"QuotaExceeded"}
SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>%s</Code><Message>injected</Message></Error>"
HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class FaultPlan:
    """How often faults strike: `share` is their share of all requests, `only` names the faults that may."""

    share: float = 0.0
    only: tuple[str, ...] = FAULTS
    stall_seconds: float = 30.0
    seed: int = 0


class Held:
    """A PUT that is held back: `arrived` is set when it came, and it goes on when `release` is set."""

    def __init__(self, suffix: str) -> None:
        self.suffix, self.arrived, self.release = suffix, threading.Event(), threading.Event()


class FaultProxy:
    """Runs the proxy in threads of this process, as a context manager; `plan` may be replaced at any time."""

    def __init__(self, upstream_port: int, plan: FaultPlan | None = None) -> None:
        self.plan = plan or FaultPlan()
        self.counts: Counter[str] = Counter()
        self.num_requests = 0
        self.is_closing = threading.Event()
        self._held: list[Held] = []
        self._upstream_port = upstream_port
        self._random = random.Random(self.plan.seed)
        self._lock = threading.Lock()
        self._key_locks: dict[str, threading.Lock] = {}
        proxy = self

        class Handler(_Handler):
            owner: ClassVar[FaultProxy] = proxy

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.is_closing.set()
        self._server.shutdown()
        self._server.server_close()

    def draw(self, method: str) -> str | None:
        """Draw the fault that strikes the next request, or None."""
        with self._lock:
            self.num_requests += 1
            if self._random.random() >= self.plan.share:
                return None
            fault = self._random.choice(self.plan.only)
        # Wrong bytes are noticed only where there is a checksum: in objects, not in listings.
        return None if fault in ("wrong_bytes_up", *FULL) and method != "PUT" else fault

    def struck(self, fault: str) -> None:
        with self._lock:
            self.counts[fault] += 1

    def hold(self, suffix: str) -> Held:
        """Hold back the next PUT whose path ends with this text."""
        held = Held(suffix)
        self._held.append(held)
        return held

    def wait_if_held(self, method: str, path: str) -> None:
        for held in self._held:
            if method == "PUT" and path.endswith(held.suffix) and not held.arrived.is_set():
                held.arrived.set()
                held.release.wait(60)

    def key_lock(self, path: str) -> threading.Lock:
        with self._lock:
            return self._key_locks.setdefault(path, threading.Lock())

    def forward(self, handler: _Handler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self._upstream_port, timeout=120)
        try:
            upstream.putrequest(handler.command, handler.path, skip_host=True, skip_accept_encoding=True)
            for name, value in handler.headers.items():
                if name.lower() not in HOP_BY_HOP | {"expect"}:
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            data = answer.read()
            return answer.status, answer.getheaders(), data
        finally:
            upstream.close()


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[FaultProxy]
    protocol_version = "HTTP/1.1"
    timeout = 120

    def handle_one_request(self) -> None:
        with suppress(ConnectionError):
            super().handle_one_request()

    def log_message(self, *_: object) -> None:
        pass

    def do_any(self) -> None:
        fault = self.owner.draw(self.command)
        length = int(self.headers.get("Content-Length", 0))
        if fault == "reset_mid_request" and length:
            self.rfile.read(length // 2)
            return self._break(fault)
        body = self.rfile.read(length)
        if fault in CODES:
            return self._refuse(fault)
        if fault == "stall":
            self.owner.struck(fault)
            self.owner.is_closing.wait(self.owner.plan.stall_seconds)
            return self._hang_up()
        if fault == "wrong_bytes_up" and body:
            self.owner.struck(fault)
            body = _flipped(body)
        self.owner.wait_if_held(self.command, self.path)
        if self.headers.get("If-None-Match") == "*":
            with self.owner.key_lock(self.path):
                status, headers, data = self.owner.forward(self, body)
        else:
            status, headers, data = self.owner.forward(self, body)
        if fault == "lost_answer":
            return self._break(fault)
        return self._answer(status, headers, data, fault)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_any  # noqa: N815 - http.server's names

    def _answer(self, status: int, headers: list[tuple[str, str]], data: bytes, fault: str | None) -> None:
        is_object = (
            self.command == "GET" and "list-type" not in self.path and status in (200, 206) and len(data) > 1
        )
        if fault == "wrong_bytes_down" and is_object and "Range" not in self.headers:
            self.owner.struck(fault)
            data = _flipped(data)
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if self.command != "HEAD" and not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(data)))  # it came in chunks, and is whole here
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault in ("reset_mid_answer", "truncated_answer") and len(data) > 1:
            self.owner.struck(fault)
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            data = b""
        self.wfile.write(data)
        if fault == "reset_mid_answer":
            self._reset()
        elif fault == "truncated_answer":
            self._hang_up()

    def _refuse(self, fault: str) -> None:
        self.owner.struck(fault)
        data = SLOW_DOWN % CODES[fault]
        self.send_response(int(fault))
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _break(self, fault: str) -> None:
        self.owner.struck(fault)
        self._reset()

    def _reset(self) -> None:
        """Close the connection so that the other side sees a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.connection.close()


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0x10]) + data[middle + 1 :]
