"""Lists and fetches files of a dataset repository on the Hugging Face hub; never writes to it.

    hf://datasets/OWNER/NAME                    all files of the repository
    hf://datasets/OWNER/NAME@REVISION/PREFIX    those whose path begins so, of a branch, tag or commit

A listing is pinned to the commit that it found, and so are the locators that the plan keeps. Each machine
fetches a file once, into the hub library's own cache, and goes on where it stopped.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from manifests.ledger.reasons import Reason
from workers.errors import EnvironmentFailed, ReplayRefused
from workers.replay.locator import HUB_SCHEME, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

_URL: Final = re.compile(
    r"hf://datasets/(?P<repository>[\w.-]+/[\w.-]+?)(?:@(?P<revision>[\w.-]+))?(?:/(?P<path>.*))?", re.DOTALL
)
_ANSWER_SECONDS: Final = 30.0
_ENDPOINT, _CACHE = "HF_ENDPOINT", "HF_HUB_CACHE"


@dataclass(frozen=True, slots=True)
class HubPlace:
    """A part of a dataset repository: `path` is a file's, or the beginning of several; "" means all."""

    repository: str
    revision: str | None
    path: str

    @classmethod
    def of_url(cls, url: str) -> HubPlace:
        """Read hf://datasets/OWNER/NAME[@REVISION][/PATH].

        Raises:
            EnvironmentFailed: it is none.
        """
        found = _URL.fullmatch(url)
        if found is None:
            message = f"{shown(url)}: give {HUB_SCHEME}datasets/OWNER/NAME[@REVISION][/PREFIX]"
            raise EnvironmentFailed(message)
        return cls(found["repository"], found["revision"], found["path"] or "")

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"{HUB_SCHEME}datasets/{self.repository}{revision}/{self.path}"


def list_hub(url: str) -> Iterator[str]:
    """Yield the URL of every file that a URL means, pinned to the commit that is there now, by name.

    Raises:
        EnvironmentFailed: there is no such repository or revision, or the hub cannot be reached.
    """
    place = HubPlace.of_url(url)
    try:
        api = _library().HfApi(endpoint=os.environ.get(_ENDPOINT))
        info = api.repo_info(
            place.repository, revision=place.revision, repo_type="dataset", timeout=_ANSWER_SECONDS
        )
    except Exception as error:
        raise _failed(url, error) from error
    for name in sorted(each.rfilename for each in info.siblings or ()):
        if name.startswith(place.path):
            yield str(HubPlace(place.repository, info.sha, name))


def local_copy(url: str) -> Path:
    """Fetch one file, unless this machine has it, and return where it is.

    Raises:
        ReplayRefused: NOT_READ: its path is none that a file could have.
        EnvironmentFailed: it is not there, or the hub cannot be reached.
    """
    place = HubPlace.of_url(url)
    if any(part in ("", ".", "..") for part in place.path.split("/")):
        raise ReplayRefused(Reason.NOT_READ, "not a path of a file")
    try:
        path: str = _library().hf_hub_download(
            place.repository,
            place.path,
            repo_type="dataset",
            revision=place.revision,
            endpoint=os.environ.get(_ENDPOINT),
            cache_dir=os.environ.get(_CACHE),
            etag_timeout=_ANSWER_SECONDS,
        )
    except Exception as error:
        raise _failed(url, error) from error
    return Path(path)


def _library() -> Any:
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra, needed for hf:// alone
    except ModuleNotFoundError as missing:
        message = f"{HUB_SCHEME} needs {missing.name}: pip install 'dolphin-farm[hub]'"
        raise EnvironmentFailed(message) from missing
    return huggingface_hub


def _failed(url: str, error: Exception) -> Exception:
    """Turn what the library raises (its own errors, those of HTTP, those of files) into ours, on one line."""
    if isinstance(error, EnvironmentFailed):
        return error
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    message = (
        f"{shown(url)}: {shown(reason)}; check the name, your way to the hub ({_ENDPOINT}), and, if the "
        "repository is private or gated, HF_TOKEN; run again to go on"
    )
    return EnvironmentFailed(message)
