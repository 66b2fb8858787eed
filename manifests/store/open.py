"""Open the store that a path or a URL names: a folder, or a bucket on an S3 server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from manifests.home_folder import with_home
from manifests.store.contract import StoreFailed
from manifests.store.local import LocalStore

if TYPE_CHECKING:
    from manifests.store.contract import Store


def open_store(url: str | Path) -> Store:
    """Open the store at a folder's path, a file:// URL or an s3://BUCKET/PREFIX URL.

    Nothing is written or sent yet: a folder is made once the first object is put.

    Raises:
        StoreFailed: there is no store for this kind of URL, or boto3 is not installed or not configured.
    """
    text = str(url)
    scheme = urlsplit(text).scheme if "://" in text else ""
    if scheme == "s3":
        from manifests.store.s3 import S3Store  # noqa: PLC0415 - boto3 is an extra, needed for s3:// alone

        return S3Store.open(text)
    if scheme == "file":
        return LocalStore(Path(unquote(urlsplit(text).path)))
    if scheme:
        message = (
            f"{text}: no such kind of store {scheme}://; give a folder, file:///PATH or s3://BUCKET/PREFIX"
        )
        message += "; farm pull fetches from hf:// into a folder" if scheme == "hf" else ""
        raise StoreFailed(message)
    return LocalStore(with_home(text))
