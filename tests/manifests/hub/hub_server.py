"""Runs a server that answers like the Hugging Face hub, as far as listing, fetching and putting go.

It speaks the hub's HTTP (listing, tree, resolve, preupload, LFS batch, commit, tags) to the hub's own library
with its Xet protocol off. It does not refuse or limit what the real hub does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMIT = "c0ffee" * 6 + "abcd"
LARGE_BYTES = 4096  # files of this size and more are kept by sha256, as the hub keeps large and binary ones
_API, _GIT = "/api/datasets/owner/set", "/datasets/owner/set"


def git_sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()  # noqa: S324 - git's own


@dataclass
class Hub:
    """One dataset repository, OWNER/SET, with its files, and the requests that it got."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    large: dict[str, bytes] = field(default_factory=dict)  # uploaded files by sha256
    visibility: str | None = None
    cut_after_bytes: int | None = None  # where the next download breaks off, once
    changed: dict[str, bytes] = field(default_factory=dict)  # what is sent instead of a file's bytes
    refused_commit: int | None = None  # number of the commit that is refused, once
    num_commits: int = 0

    @property
    def commit(self) -> str:
        return COMMIT if not self.num_commits else f"{self.num_commits:040x}"


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

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def _answer(self) -> None:
        hub, path = self.server.hub, unquote(self.path.partition("?")[0])
        hub.asked.append(f"{self.command} {path} {self.headers.get('Range', '')}".strip())
        body = self._body()
        resolve = f"{_GIT}/resolve/{hub.commit}/"
        if path in (_API, f"{_API}/revision/main", f"{_API}/revision/{hub.commit}"):
            self._send_json(self._about())
        elif path.startswith(resolve) and path.removeprefix(resolve) in hub.files:
            self._send_file(path.removeprefix(resolve))
        elif path in (f"{_API}/tree/{hub.commit}", f"{_API}/tree/main"):
            self._send_json(self._tree())
        elif self.command != "GET":
            self._take(path, body)
        elif path == f"{_API}/refs":
            tags = [{"name": tag, "ref": f"refs/tags/{tag}", "targetCommit": hub.commit} for tag in hub.tags]
            self._send_json({"branches": [], "converts": [], "tags": tags, "pullRequests": []})
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _take(self, path: str, body: bytes) -> None:
        """Answer requests that change the repository."""
        hub = self.server.hub
        if path == "/api/repos/create":
            hub.visibility = hub.visibility or json.loads(body).get("visibility", "public")
            self._send_json({"url": f"{hub.url}{_GIT}"})
        elif path == f"{_API}/preupload/main":
            modes = [
                {"path": one["path"], "shouldIgnore": False,
                 "uploadMode": "lfs" if one["size"] >= LARGE_BYTES else "regular"}
                for one in json.loads(body)["files"]
            ]  # fmt: skip
            self._send_json({"files": modes})
        elif path == f"{_GIT}.git/info/lfs/objects/batch":
            objects = [self._where(one) for one in json.loads(body)["objects"]]
            self._send_json({"transfer": "basic", "objects": objects})
        elif path.startswith("/large/"):
            hub.large[path.removeprefix("/large/")] = body
            self._send(200, b"", {})
        elif path == f"{_API}/commit/main":
            self._commit([json.loads(line) for line in body.splitlines()])
        elif path.startswith(f"{_API}/tag/"):
            if self.command == "DELETE":
                hub.tags.remove(path.rpartition("/")[2])
            else:
                hub.tags.append(json.loads(body)["tag"])
            self._send_json({})
        else:
            self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _where(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """Say where a large file is to be put, unless its bytes are here."""
        hub, oid = self.server.hub, wanted["oid"]
        there = {"oid": oid, "size": wanted["size"]}
        if oid in hub.large:
            return there
        return {**there, "actions": {"upload": {"href": f"{hub.url}/large/{oid}"}}}

    def _commit(self, lines: list[dict[str, Any]]) -> None:
        hub = self.server.hub
        if hub.refused_commit == hub.num_commits + 1:
            hub.refused_commit = None
            self._send(400, b'{"error": "the commit is refused"}', {"Content-Type": "application/json"})
            return
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                hub.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                hub.files[value["path"]] = hub.large[value["oid"]]
        hub.num_commits += 1
        self._send_json({"success": True, "commitOid": hub.commit, "commitUrl": f"{hub.url}{_GIT}/commit/1"})

    def _about(self) -> dict[str, Any]:
        hub = self.server.hub
        about = {
            "id": "owner/set",
            "sha": hub.commit,
            "private": False,
            "tags": [],
            "downloads": 0,
            "likes": 0,
        }
        return {**about, "siblings": [{"rfilename": name} for name in hub.files]}

    def _tree(self) -> list[dict[str, Any]]:
        tree: list[dict[str, Any]] = [{"type": "directory", "path": "a-folder", "oid": "0" * 40, "size": 0}]
        for path, data in self.server.hub.files.items():
            one: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": git_sha1(data)}
            if len(data) >= LARGE_BYTES:
                sha256 = hashlib.sha256(data).hexdigest()
                one["lfs"] = {"oid": sha256, "size": len(data), "pointerSize": 134}
            tree.append(one)
        return tree

    def _send_file(self, path: str) -> None:
        hub = self.server.hub
        data = hub.files[path]
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Repo-Commit": hub.commit}
        data = hub.changed.get(path, data)
        status, wanted = 200, self.headers.get("Range", "")
        if wanted.startswith("bytes="):
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
            status, data = 206, data[start:]
        self._send(status, data, headers)

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send_json(self, plain: object) -> None:
        self._send(200, json.dumps(plain).encode(), {"Content-Type": "application/json"})

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
        thread.join(240)
