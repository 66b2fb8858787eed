"""A server of our own that answers as the Hugging Face hub does, as far as listing and fetching go."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMIT = "c0ffee" * 6 + "abcd"


@dataclass
class Hub:
    """One dataset repository, OWNER/SET, with its files; and what was asked of it."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    cut_after_bytes: int | None = None  # the next download breaks off there, once


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub: Hub) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hub = hub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self) -> None:
        hub, path = self.server.hub, unquote(self.path.partition("?")[0])
        hub.asked.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        listing, resolve = "/api/datasets/owner/set", f"/datasets/owner/set/resolve/{COMMIT}/"
        if path in (listing, f"{listing}/revision/main", f"{listing}/revision/{COMMIT}"):
            about = {
                "id": "owner/set",
                "sha": COMMIT,
                "private": False,
                "tags": [],
                "downloads": 0,
                "likes": 0,
            }
            siblings = [{"rfilename": name} for name in hub.files]
            answer = json.dumps(about | {"siblings": siblings}).encode()
            self._send(200, answer, {"Content-Type": "application/json"})
        elif path.startswith(resolve) and path.removeprefix(resolve) in hub.files:
            self._send_file(hub.files[path.removeprefix(resolve)])
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _send_file(self, data: bytes) -> None:
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
        status, wanted = 200, self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[start:]
        self._send(status, data, headers)

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(data))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        hub = self.server.hub
        if hub.cut_after_bytes is not None and "ETag" in headers:
            data, hub.cut_after_bytes = data[: hub.cut_after_bytes], None
            self.close_connection = True
        self.wfile.write(data)


@contextmanager
def hub_server() -> Iterator[Hub]:
    """Serve on a free port of this machine."""
    hub = Hub()
    server = _Server(hub)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
