"""The card's animated picture is made once, of a stretch with many hits; the card shows it if it exists."""

from __future__ import annotations

import dataclasses
import io
import shutil
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from farm.browse.pictures.card_picture import lively_frame, write_card_picture
from manifests.card.card import write_card
from manifests.labels.events import EventColumns
from manifests.snapshot.reader import open_manifest
from manifests.store.made_beside import MOVING_KEY, README_KEY
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from manifests.ledger.entry import LedgerEntry


@pytest.mark.slow
def test_the_picture_is_made_once_and_the_card_shows_it(sound: Path, tmp_path: Path):
    shutil.copytree(sound, tmp_path / "set")
    store = open_store(tmp_path / "set")
    manifest = open_manifest(store)
    write_card(manifest)
    assert MOVING_KEY not in store.get(README_KEY).decode()
    assert write_card_picture(store, manifest)
    data = store.get(MOVING_KEY)
    picture = Image.open(io.BytesIO(data))
    assert (picture.n_frames, picture.size) == (50, (320, 240))
    store.delete(manifest.chunks()["video_key"][0].as_py())
    assert write_card_picture(store, manifest), "it is there, so no video is read"
    write_card(manifest)
    assert f"]({MOVING_KEY})" in store.get(README_KEY).decode()


def test_it_begins_before_the_densest_hits(committed: LedgerEntry):
    hits = (-30, -20, 20, 25, 28, 31)  # the game ends with slp_frame 76
    noted = EventColumns(hits, (0,) * len(hits), (1,) * len(hits), (3.0,) * len(hits))
    busy = dataclasses.replace(committed, events={"hit": noted})
    assert lively_frame(busy) == 77 - 150, "it ends with the game"
    quiet = dataclasses.replace(committed, events={})
    assert -123 <= lively_frame(quiet) < 77
