"""An S3 server that can be killed and started again on the same port, with all that it acknowledged."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.end_to_end.disturbed import until
from tests.s3_server.server import swift_python

if TYPE_CHECKING:
    from typing import Self

SERVE = Path(__file__).resolve().parents[1] / "s3_server" / "serve.py"


class S3Process:
    """Runs the S3 server, as a context manager; its `port` never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Copied now, so that the server's clock does not jump with that of the others later.
        self._environment = dict(os.environ)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        python = swift_python()
        assert python is not None, "no S3 server here: make extras-s3"
        command = [str(python), "-W", "ignore", str(SERVE), str(self._folder), "127.0.0.1", str(self.port)]
        self._server = subprocess.Popen(
            command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, "the S3 server answers", 60)

    def kill(self) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGKILL)
            self._server.wait(30)

    def stop(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._server is not None
        self._server.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True
