"""The stores on which the Store contract is tested: a folder, and S3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from manifests.store.contract import Store
from manifests.store.open import open_store
from tests.s3_server.fixtures import new_bucket, s3_proxy

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["s3_proxy"]


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty store of each kind."""
    if request.param == "file":
        return open_store(tmp_path / "store")
    return open_store(new_bucket(request.getfixturevalue("s3_proxy").url, is_conditional=True))
