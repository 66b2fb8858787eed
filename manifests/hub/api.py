"""Call the Hugging Face hub through its own library, whose errors become ours. The only door to that library.

HF_TOKEN, HF_ENDPOINT and HF_HUB_CACHE have their usual meaning.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from manifests.hub.place import HUB_SCHEME, HubPlace
from manifests.store.contract import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    T = TypeVar("T")

_ANSWER_SECONDS: Final = 30.0
_ENDPOINT, _CACHE = "HF_ENDPOINT", "HF_HUB_CACHE"
_KIND: Final = "dataset"
_BLOCK_BYTES: Final = 1 << 20


class HubFailed(StoreFailed):
    """The hub lacks the wanted file or repository, refuses what was sent, or cannot be reached."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository, as the hub describes it.

    Attributes:
        path: the file's path in the repository.
        size_bytes: number of its bytes.
        sha256: hash of its bytes, hexadecimal; None for small files, for which the hub keeps only git's hash.
        git_sha1: git's hash of it, hexadecimal; for a large file, that of the pointer file in git.
    """

    path: str
    size_bytes: int
    sha256: str | None
    git_sha1: str

    def is_at(self, path: Path) -> bool:
        """Whether the file at a path of this machine has these bytes.

        Raises:
            OSError: the file at `path` cannot be read.
        """
        if not path.is_file() or path.stat().st_size != self.size_bytes:
            return False
        digest = hashlib.sha256() if self.sha256 else hashlib.sha1(b"blob %d\0" % self.size_bytes)  # noqa: S324
        with path.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        return digest.hexdigest() == (self.sha256 or self.git_sha1)


def list_paths(place: HubPlace) -> list[HubPlace]:
    """List the files of a repository whose paths begin with the place's path, pinned to a commit, by name.

    This takes one request, however many files there are.

    Raises:
        HubFailed: there is no such repository or revision, or the hub cannot be reached.
    """
    info = _info(place)
    names = sorted(one.rfilename for one in info.siblings or ())
    return [HubPlace(place.repository, info.sha, name) for name in names if name.startswith(place.path)]


def pinned(place: HubPlace) -> HubPlace:
    """Return a place with its revision replaced by the commit that it names now.

    Raises:
        HubFailed: as `list_paths`.
    """
    return replace(place, revision=_info(place).sha)


def _info(place: HubPlace) -> Any:
    return _asked(
        place,
        lambda: _api().repo_info(
            place.repository, revision=place.revision, repo_type=_KIND, timeout=_ANSWER_SECONDS
        ),
    )


def list_files(place: HubPlace) -> list[HubFile]:
    """List the files of a repository whose paths begin with the place's path, with their hashes, by name.

    This takes a request for every thousand files.

    Raises:
        HubFailed: as `list_paths`.
    """

    def listed() -> list[Any]:
        tree = _api().list_repo_tree(
            place.repository, recursive=True, revision=place.revision, repo_type=_KIND
        )
        return [one for one in tree if hasattr(one, "blob_id") and one.path.startswith(place.path)]

    found = [
        HubFile(one.path, one.size, None if one.lfs is None else one.lfs.sha256, one.blob_id)
        for one in _asked(place, listed)
    ]
    return sorted(found, key=lambda file: file.path)


def fetch(place: HubPlace, folder: Path | None = None) -> Path:
    """Fetch one file, unless it was fetched before, and return its path; a stopped download goes on.

    Args:
        place: the file's place on the hub.
        folder: where to put it, under its path in the repository; by default it goes into the hub library's
            own cache, which all programs of this machine share.

    Raises:
        HubFailed: as `list_paths`.
    """
    where: Mapping[str, Any] = (
        {"cache_dir": os.environ.get(_CACHE)} if folder is None else {"local_dir": folder}
    )
    path = _asked(
        place,
        lambda: _library().hf_hub_download(
            place.repository, place.path, repo_type=_KIND, revision=place.revision,
            endpoint=os.environ.get(_ENDPOINT), etag_timeout=_ANSWER_SECONDS, **where,
        ),
    )  # fmt: skip
    return Path(path)


def make_repository(place: HubPlace, *, is_public: bool) -> None:
    """Make a repository; an existing one is left as it is, public or private.

    Raises:
        HubFailed: the hub refuses, or cannot be reached.
    """
    _asked(
        place,
        lambda: _api().create_repo(place.repository, repo_type=_KIND, exist_ok=True, private=not is_public),
    )


def commit(place: HubPlace, files: Mapping[str, Path], message: str) -> None:
    """Put files into a repository, by their paths there, in one commit.

    Raises:
        HubFailed: the hub refuses, or cannot be reached; files that have arrived need not be sent again.
    """
    library = _library()
    adds = [library.CommitOperationAdd(path, str(local)) for path, local in files.items()]
    _asked(
        place,
        lambda: _api().create_commit(
            place.repository, adds, commit_message=message, repo_type=_KIND, revision=place.revision
        ),
    )


def set_tag(place: HubPlace, tag: str) -> None:
    """Set a tag to the newest commit, even if it named another commit before.

    Raises:
        HubFailed: as `commit`.
    """

    def retag() -> None:
        api = _api()
        known = [one.name for one in api.list_repo_refs(place.repository, repo_type=_KIND).tags]
        if tag in known:
            api.delete_tag(place.repository, tag=tag, repo_type=_KIND)
        api.create_tag(place.repository, tag=tag, revision=place.revision, repo_type=_KIND)

    _asked(place, retag)


def _api() -> Any:
    return _library().HfApi(endpoint=os.environ.get(_ENDPOINT))


def _library() -> Any:
    try:
        import huggingface_hub  # noqa: PLC0415 - an extra, needed for hf:// alone
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        message = f"{HUB_SCHEME} needs {missing.name}: pip install 'dolphin-farm[hub]'"
        raise HubFailed(message) from missing
    disable_progress_bars()  # the library shows one per file, of thousands; commands have their own
    return huggingface_hub


def _asked(place: HubPlace, ask: Callable[[], T]) -> T:
    """Call the library, and turn its errors (its own, HTTP's, those of files) into ours, on one line."""
    try:
        return ask()
    except HubFailed:
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        reason = " ".join(lines[: 2 if lines[0].endswith(":") else 1])  # the hub's own message comes second
        message = (
            f"{place}: {reason}; check the name, your way to the hub ({_ENDPOINT}), and, if the repository "
            "is private, gated or to be written, HF_TOKEN; run again to go on"
        )
        raise HubFailed(message) from error
