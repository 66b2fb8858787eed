"""Fixtures with the small stamped dataset, opened for training without torch."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest

from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from tests.manifests.conftest import bare_s3, s3_proxy, sound

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from manifests.training.dataset import WindowDataset

__all__ = ["bare_s3", "s3_proxy", "sound"]


@pytest.fixture
def opened(sound: Path, tmp_path: Path) -> Callable[..., WindowDataset]:
    """Open the small dataset with a cache of the test's own; options of windows go into their spec."""
    of_window = {field.name for field in dataclasses.fields(WindowSpec)}

    def make(**options: Any) -> WindowDataset:
        spec = WindowSpec(**{name: options.pop(name) for name in of_window & options.keys()})
        usual = {"url": sound, "window": spec, "verify": "stamp", "cache": Cache(tmp_path / "cache")}
        return open_dataset(**{**usual, **options}, as_torch=False)

    return make
