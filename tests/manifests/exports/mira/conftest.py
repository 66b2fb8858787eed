"""Exports the small dataset in MIRA's layout, and reads it with code of ours, written by its description."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from manifests.exports.mira.options import MiraOptions
from manifests.exports.mira.shards import Exported, write_mira
from manifests.ledger.dataset import read_description
from manifests.store.open import open_store
from manifests.training.dataset import WindowDataset
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec
from tests.manifests.conftest import sound
from workers.rendering.clip_encoder import ClipEncoder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["sound"]
WHOLE = MiraOptions(size=None)
"""Options with the small dataset's own size and rate, so that packets are copied."""

Export = Callable[..., Exported]


def open_pictures(root: Path) -> WindowDataset:
    spec = WindowSpec(1, start="any")
    return open_dataset(root, window=spec, fields=["video"], cache=None, as_torch=False)


def export(root: Path, out: Path, options: MiraOptions = WHOLE, **more: Any) -> Exported:
    dataset = open_pictures(root)
    encoder = ClipEncoder.like(read_description(dataset.reader.store).video)
    encode = more.pop("encode", encoder.encode)
    return write_mira(dataset, open_store(out), options, encode, encoder.describe(), **more)


def members(folder: Path) -> dict[str, bytes]:
    """Return all files of all shards by name; a name that occurs twice is an error."""
    found: dict[str, bytes] = {}
    for shard in sorted(folder.glob("*.tar")):
        with tarfile.open(shard) as archive:
            for member in archive:
                assert member.name not in found
                found[member.name] = archive.extractfile(member).read()
    return found


def index_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "index.json").read_text())


@pytest.fixture(scope="session")
def copied(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small dataset exported at its own size."""
    out = tmp_path_factory.mktemp("mira")
    export(sound, out)
    return out
