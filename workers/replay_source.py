"""Where a replay's bytes come from, by the locator that the plan carries."""

from __future__ import annotations

from pathlib import Path

from workers.errors import EnvironmentFailed


def read_source(locator: str) -> bytes:
    """Return a replay's bytes.

    Args:
        locator: a local path.

    Raises:
        EnvironmentFailed: it is not there, or cannot be read; that says nothing about the replay.
    """
    try:
        return Path(locator).read_bytes()
    except OSError as error:
        message = (
            f"{locator}: {error.strerror}; put the replay back, or plan anew from where the replays are now"
        )
        raise EnvironmentFailed(message) from error
