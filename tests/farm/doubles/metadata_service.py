"""Acts as the metadata service of a cloud's machine, as far as spot notices need it, on a local port."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a token of this service"


class MetadataService:
    """Gives out session tokens, and `notice` to requests that have one; 404 as long as `notice` is None."""

    def __init__(self) -> None:
        self.notice: bytes | None = None
        self.url = ""
        self.num_asked = 0

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> tuple[int, bytes]:
        if request.command == "PUT":
            is_session = request.headers["X-aws-ec2-metadata-token-ttl-seconds"] is not None
            return (200, TOKEN.encode()) if is_session else (400, b"")
        if request.headers["X-aws-ec2-metadata-token"] != TOKEN:
            return 401, b""
        self.num_asked += 1
        return (404, b"") if self.notice is None else (200, self.notice)


@contextmanager
def metadata_service() -> Iterator[MetadataService]:
    service = MetadataService()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = service.answer(self)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET  # noqa: N815 - its name in the standard library

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        service.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join(240)
