"""A small dataset with stamps, and what reads it without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from manifests.training.dataset import WindowDataset, open_dataset
from tests.manifests.conftest import bare_s3, s3_proxy, sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["bare_s3", "s3_proxy", "sound"]


@pytest.fixture
def opened(sound: Path, tmp_path: Path) -> Callable[..., WindowDataset]:
    """Open the small dataset with a cache of the test's own."""

    def make(**options: Any) -> WindowDataset:
        usual = {"verify": "stamp", "cache_dir": tmp_path / "cache", "as_torch": False, "url": sound}
        return open_dataset(**{**usual, **options})

    return make
