"""The delaying proxy of the benches delivers all bytes, in order, and later."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from null_processes import command_lines, wait_for

from farm.bench._latency import latency

if TYPE_CHECKING:
    from collections.abc import Iterator


class Echo(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(1 << 16):
            self.request.sendall(data)


@contextmanager
def echo_server() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(240)


def port_of(endpoint: str) -> int:
    return int(endpoint.rsplit(":", 1)[1])


def said_back(endpoint: str, data: bytes) -> tuple[bytes, float]:
    with socket.create_connection(("127.0.0.1", port_of(endpoint)), timeout=20) as client:
        before = time.monotonic()
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        found = b""
        while part := client.recv(1 << 16):
            found += part
        return found, time.monotonic() - before


@pytest.mark.parametrize("size", [1, 1 << 16, (1 << 18) + 5])
def test_what_is_sent_arrives_whole_and_in_order(size: int):
    data = bytes(number % 251 for number in range(size))
    with echo_server() as there, latency(there, 0.0) as here:
        assert said_back(here, data)[0] == data


def test_it_arrives_no_sooner_than_it_should():
    with echo_server() as there, latency(there, 0.2) as here:
        found, seconds = said_back(here, b"a request")
    assert found == b"a request"
    assert seconds >= 0.2


def test_many_requests_at_once_are_each_held_back_and_not_one_after_the_other():
    with echo_server() as there, latency(there, 0.5) as here:
        times: list[float] = []
        threads = [threading.Thread(target=lambda: times.append(said_back(here, b"x")[1])) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
    assert len(times) == 20
    assert max(times) < 20 * 0.5


def test_the_proxy_is_gone_afterwards():
    def proxies() -> list[int]:
        return [
            pid
            for pid, line in command_lines().items()
            if any(word.endswith("/_latency.py") for word in line)
        ]

    with echo_server() as there, latency(there, 0.0):
        assert len(proxies()) == 1
    wait_for(lambda: not proxies())
