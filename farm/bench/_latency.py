"""Simulates a distant network: a proxy, in a process of its own, that delays what a client sends.

python _latency.py HOST PORT SECONDS     prints its own port, and serves until its standard input closes
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTES = 1 << 16
_STOP_SECONDS = 10.0


@contextmanager
def latency(endpoint: str, seconds: float) -> Iterator[str]:
    """Yield an endpoint in front of another; each request arrives there `seconds` after it was sent."""
    there = urlsplit(endpoint)
    words = [sys.executable, __file__, there.hostname or "127.0.0.1", str(there.port or 80), str(seconds)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdin is not None
        assert proxy.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(proxy.stdout.readline())}"
        finally:
            proxy.stdin.close()
            try:
                proxy.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                proxy.kill()


def main() -> None:
    """Serve as the proxy, with the command line of this module."""
    host, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, (host, port), seconds), daemon=True).start()
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()


def _accept(listener: socket.socket, address: tuple[str, int], seconds: float) -> None:
    with suppress(OSError):  # the listener was closed: the measurement is over
        while True:
            client, _ = listener.accept()
            server = socket.create_connection(address)
            for end in (client, server):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            queue: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
            for job in ((_read, client, queue, seconds), (_write, queue, server), (_copy, server, client)):
                threading.Thread(target=job[0], args=job[1:], daemon=True).start()


def _read(client: socket.socket, queue: SimpleQueue[tuple[float, bytes]], seconds: float) -> None:
    with suppress(OSError):
        while data := client.recv(_BYTES):
            queue.put((time.monotonic() + seconds, data))
    queue.put((0.0, b""))


def _write(queue: SimpleQueue[tuple[float, bytes]], server: socket.socket) -> None:
    with suppress(OSError):
        while (item := queue.get())[1]:
            time.sleep(max(0.0, item[0] - time.monotonic()))  # the latency itself, not synchronisation
            server.sendall(item[1])
        server.shutdown(socket.SHUT_WR)


def _copy(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(_BYTES):
            client.sendall(data)
        client.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    main()
