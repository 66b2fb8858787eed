"""`farm rendition` makes smaller pictures of the same frames, once, and commits only what is proved."""

from __future__ import annotations

import dataclasses
import io
import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.errors import RecordRefused
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import done_game_ids, read_entry
from manifests.store.open import open_store
from manifests.training.cache import Cache
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures
from manifests.video.mp4 import decode_luma
from workers.rendering.rendition import RenditionMaker

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

SIZE = (120, 160)


@pytest.fixture(scope="module")
def made(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rendition made by the command; called again, the command says that nothing is left to do."""
    out = tmp_path_factory.mktemp("made") / "small"
    words = ["rendition", str(sound), "--size", "120x160", "--out", str(out), "--workers", "1"]
    for said in ("3 of 3 replays committed", "Everything was done already: 3 games committed"):
        result = CliRunner().invoke(farm, words, catch_exceptions=False)
        assert result.exit_code == 0
        assert said in result.stdout
    return out


@pytest.mark.slow
def test_it_has_the_same_frames_and_states_in_smaller_pictures(made: Path, sound: Path, tmp_path: Path):
    options = {"cache": Cache(tmp_path / "cache"), "as_torch": False}
    small = open_dataset(made, **options)
    resized = open_dataset(sound, pictures=Pictures(size=SIZE), **options)
    assert len(small) == len(resized)
    for window in range(0, len(small), 4):
        one, other = small[window], resized[window]
        assert (one["slp_frame"] == other["slp_frame"]).all()
        assert (one["state"] == other["state"]).all()
        assert one["video"].shape == (16, 3, *SIZE)
        assert np.abs(one["video"].astype(int) - other["video"]).mean() < 3, "encoded once more"
    video = read_description(open_store(made)).video
    assert video is not None
    assert (video.height, video.width) == SIZE


@pytest.mark.slow
def test_its_audit_holds_down_to_the_pictures(call: Call, made: Path):
    result = call("audit", made, "--depth", "decode")
    assert result.exit_code == 0, result.output


@pytest.mark.slow
def test_its_entries_name_what_they_are_made_of(made: Path, sound: Path):
    store, source = open_store(made), open_store(sound)
    for game_id in done_game_ids(store):
        entry, original = read_entry(store, game_id), read_entry(source, game_id)
        assert entry is not None
        assert original is not None
        assert entry.fingerprint["rendition_of_entry"] == original.content_sha256()
        for chunk, before in zip(entry.chunks, original.chunks, strict=True):
            assert chunk.states.sha256 == before.states.sha256
            pictures = list(decode_luma(io.BytesIO(store.get(chunk.footage[0].key))))
            assert len(pictures) == chunk.num_frames


def test_pictures_that_are_not_what_the_source_says_fail(sound: Path, tmp_path: Path):
    copy = shutil.copytree(sound, tmp_path / "copy")
    source, out = open_store(copy), open_store(tmp_path / "out")
    description = read_description(source)
    made = dataclasses.replace(description.video, width=SIZE[1], height=SIZE[0])
    maker = RenditionMaker(source, description, made)
    entries = [read_entry(source, one) for one in done_game_ids(source)]
    entry = next(one for one in entries if one is not None and one.chunks)
    first, second = entry.chunks[:2]
    other = dataclasses.replace(first, video=second.video, gops=second.gops)
    with pytest.raises(RecordRefused, match="do not carry their stamps"):
        maker.chunk(out, entry.game_id, other, 0, tmp_path)
    video = copy / first.footage[0].key
    video.write_bytes(video.read_bytes()[:-1] + b"x")
    with pytest.raises(RecordRefused, match="not the bytes that the ledger names"):
        maker.chunk(out, entry.game_id, first, 0, tmp_path)


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ("288", "such as 288x384"),
        ("0x384", "such as 288x384"),
        ("288x0", "such as 288x384"),
        ("287x384", "both even"),
    ],
)
def test_a_size_that_is_none_fails_before_anything_is_made(
    call: Call, sound: Path, tmp_path: Path, size: str, said: str
):
    result = call("rendition", sound, "--size", size, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()
