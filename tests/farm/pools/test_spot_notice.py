"""A node asks a (fake) metadata service for the cloud's notice that it takes the machine back."""

from __future__ import annotations

import json
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from metadata_service import MetadataService, metadata_service

from farm.pools.spot_notice import aws_notice

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def service() -> Iterator[MetadataService]:
    with metadata_service() as service:
        yield service


def heard(service: MetadataService, listen_seconds: float = 0.0) -> float | None:
    return aws_notice(service.url, listen_seconds, 0.05)


def test_a_notice_is_the_moment_at_which_the_machine_goes(service: MetadataService):
    service.notice = json.dumps({"action": "terminate", "time": "2024-05-01T12:00:30Z"}).encode()
    assert heard(service) == datetime(2024, 5, 1, 12, 0, 30, tzinfo=UTC).timestamp()


def test_without_a_notice_nothing_is_said(service: MetadataService):
    assert heard(service) is None
    assert service.num_asked == 1


def test_it_asks_again_until_its_time_is_up(service: MetadataService):
    assert heard(service, 0.3) is None
    assert 2 <= service.num_asked <= 7


def test_a_notice_that_comes_while_it_listens_is_heard(service: MetadataService, monkeypatch):
    answer = service.answer

    def notice_at_the_third(request: Any) -> tuple[int, bytes]:
        if service.num_asked == 2:
            service.notice = b'{"time": "2024-05-01T12:00:30Z"}'
        return answer(request)

    monkeypatch.setattr(service, "answer", notice_at_the_third)
    assert heard(service, 60.0) is not None
    assert service.num_asked == 3


def test_where_there_is_no_such_service_there_is_no_notice():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert aws_notice(f"http://127.0.0.1:{port}", 0.0) is None


@pytest.mark.parametrize(
    "notice",
    [
        b"",
        b"<html>a hotel's login page</html>",
        b"[]",
        b"{}",
        b'{"time": "soon"}',
        b'{"time": null}',
        b"\xff",
    ],
)
def test_an_answer_that_is_no_notice_is_none(service: MetadataService, notice: bytes):
    service.notice = notice
    assert heard(service) is None


def test_a_service_that_does_not_speak_http_gives_no_notice():
    import threading  # noqa: PLC0415 - here alone

    def talk(listener: socket.socket) -> None:
        client, _ = listener.accept()
        with client:
            client.recv(1 << 16)
            client.sendall(b"220 mail.example ESMTP\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, args=(listener,))
        thread.start()
        assert aws_notice(f"http://127.0.0.1:{listener.getsockname()[1]}", 0.0) is None
        thread.join(240)
