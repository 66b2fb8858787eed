"""A network that is further away: a proxy that holds back what a client sends by a fixed time."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_BYTES = 1 << 16


@contextmanager
def latency(endpoint: str, seconds: float) -> Iterator[str]:
    """An endpoint in front of another; each request arrives there `seconds` later than it was sent."""
    there = urlsplit(endpoint)
    address = (there.hostname or "127.0.0.1", there.port or 80)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, address, seconds), daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


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
