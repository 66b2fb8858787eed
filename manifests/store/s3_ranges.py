"""Read ranges of S3 objects over signed URLs, which takes a fraction of the processor time of a boto3 call.

A loader asks for a hundred ranges a second, and each call of boto3 costs milliseconds under the interpreter's
lock: it is built from a model, signed, and its answer parsed. But the signature of a URL does not cover which
range of the object is asked for. So boto3 signs the URL of an object once, with the credentials that it
finds, and for some minutes every range of the object is one bare request over botocore's own connection pool,
with its time-outs, proxies and certificates.

This module makes no decisions about errors. An answer that is not exactly the requested range counts as no
answer: the caller then asks boto3 at once, and boto3's answer counts.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import OrderedDict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import botocore.session
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNED_SECONDS: Final = 3600
_USED_SECONDS: Final = 300.0  # boto3 renews credentials ten minutes before they end, so they outlive this
_MAX_URLS: Final = 4096
_REFUSALS: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
)


class SignedRanges:
    """Reads ranges of objects with URLs that one boto3 client signs; for several threads of one process.

    Args:
        boto: the client that signs.
        timeout: how many seconds the connection may take, and how many the server may be silent.
        max_connections: how many connections are kept open.
    """

    def __init__(self, boto: Any, timeout: tuple[float, float], max_connections: int) -> None:
        boto.meta.events.register_first("choose-signer.s3.GetObject", _newest_signature)
        endpoint = boto.meta.endpoint_url
        self._boto, self._lock = boto, threading.Lock()
        self._urls: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._is_off = False
        self._http = URLLib3Session(
            verify=_certificates(), proxies=get_environ_proxies(endpoint), timeout=timeout,
            max_pool_connections=max_connections, socket_options=list(_SOCKET_OPTIONS),
        )  # fmt: skip

    def get(self, named: Mapping[str, str], start: int, exclusive_end: int) -> bytes | None:
        """Read bytes [start, exclusive_end) of an object {"Bucket": ..., "Key": ...}; None without an answer.

        Raises:
            BotoCoreError: there are no credentials.
        """
        if self._is_off:
            return None
        url, is_new = self._url(named)
        headers = {"Range": f"bytes={start}-{exclusive_end - 1}"}
        try:
            answer = self._http.send(AWSPreparedRequest("GET", url, headers, None, False))
        except BotoCoreError:  # its text holds the signed URL, so the error is not passed on
            return None
        # A server that ignores Range answers 200 with the whole object, which is not the range.
        status, found = answer.status_code, answer.headers.get("Content-Range", "")
        if status == HTTPStatus.PARTIAL_CONTENT and found.startswith(f"bytes {start}-{exclusive_end - 1}/"):
            data: bytes = answer.content
            return data if len(data) == exclusive_end - start else None
        if status in _REFUSALS:
            with self._lock:
                self._urls.pop(named["Key"], None)
                self._is_off = is_new  # this server, or a policy, accepts no signed URLs: do not ask again
        return None

    def _url(self, named: Mapping[str, str]) -> tuple[str, bool]:
        """Return a URL that is valid for now, and whether it was signed just now."""
        key, now = named["Key"], time.monotonic()
        with self._lock:
            signed_at, url = self._urls.get(key, (0.0, ""))
        if url and now - signed_at < _USED_SECONDS:
            return url, False
        url = self._boto.generate_presigned_url("get_object", Params=dict(named), ExpiresIn=_SIGNED_SECONDS)
        with self._lock:
            self._urls[key] = now, url
            self._urls.move_to_end(key)
            while len(self._urls) > _MAX_URLS:
                self._urls.popitem(last=False)
        return url, True


def _newest_signature(signature_version: str, **_: Any) -> str | None:
    """Choose signature version 4 for URLs: botocore prefers version 2, which servers are phasing out."""
    return "s3v4-query" if signature_version in ("v4-query", "s3v4-query") else None


def _certificates() -> str | bool:
    """Find the certificates to check servers against, in the same places as botocore."""
    chosen = botocore.session.get_session().get_config_variable("ca_bundle")
    return chosen or os.environ.get("REQUESTS_CA_BUNDLE") or True
