"""Listens for the cloud's notice, about two minutes ahead, that it takes this machine back.

The notice comes from the cloud's metadata service. This code runs on the machine in question, in a call of
its own beside the slots.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

AWS_METADATA = "http://169.254.169.254"
LISTEN_SECONDS = 30.0  # one call lasts this long, so that none outlives its run by much
POLL_SECONDS = 5.0  # what the cloud recommends
REQUEST_SECONDS = 2.0
_TOKEN_SECONDS = 60


def aws_notice(
    base_url: str = AWS_METADATA, listen_seconds: float = LISTEN_SECONDS, poll_seconds: float = POLL_SECONDS
) -> float | None:
    """Listen for a while; return when this machine goes, in seconds of the wall clock, or None.

    None means that no notice came in that time, or that there is no such service here.

    Args:
        base_url: URL of the metadata service.
        listen_seconds: How long to listen; the service is asked at least once.
        poll_seconds: Pause between two questions.
    """
    deadline = time.monotonic() + listen_seconds
    while True:
        goes_at = _ask_aws(base_url)
        if goes_at is not None or time.monotonic() + poll_seconds > deadline:
            return goes_at
        time.sleep(poll_seconds)


def _ask_aws(base_url: str) -> float | None:
    """Ask once for the moment at which the machine goes; None without a notice, or without such a service."""
    try:
        # The service answers questions only to whoever asked it for a token first.
        token = _request(
            f"{base_url}/latest/api/token", "PUT", "X-aws-ec2-metadata-token-ttl-seconds", str(_TOKEN_SECONDS)
        )
        notice = _request(
            f"{base_url}/latest/meta-data/spot/instance-action", "GET", "X-aws-ec2-metadata-token", token
        )
        return datetime.fromisoformat(json.loads(notice)["time"]).timestamp()
    except urllib.error.HTTPError as answer:
        answer.close()
        return None  # 404: no notice
    except (OSError, http.client.HTTPException):
        return None  # nothing answers there, or nothing that speaks HTTP
    except (ValueError, KeyError, TypeError):
        return None  # something else answers there, such as a proxy with its own page


def _request(url: str, method: str, header: str, value: str) -> str:
    request = urllib.request.Request(url, method=method, headers={header: value})  # noqa: S310 - http by definition
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310
        text: str = answer.read().decode()
    return text


NOTICES: Final[dict[str, Callable[[], float | None] | None]] = {"none": None, "aws": aws_notice}
"""The function that listens for each cloud's notices, by the name that a run's settings use."""
