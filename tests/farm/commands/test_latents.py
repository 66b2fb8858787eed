"""`farm latents` computes a value for every picture; it resumes, and several processes share the work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from manifests.errors import DatasetError
from manifests.latents.toy import grid
from manifests.training.open import open_dataset
from manifests.training.sample import as_dict
from tests.manifests.small_dataset import NUM_FRAMES, NUM_GAMES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.farm.commands.conftest import Call

TOY = ("--encoder", "manifests.latents.toy:grid")


@pytest.mark.slow
def test_the_loader_joins_the_values_of_the_pictures_that_it_shows(call: Call, sound: Path, tmp_path: Path):
    out = tmp_path / "latents"
    result = call("latents", sound, out, *TOY)
    assert result.stdout == f"{NUM_GAMES * NUM_FRAMES} pictures of 9 chunks encoded in {out}\n"
    dataset = open_dataset(sound, window=30, join={"latent": out}, cache=None, as_torch=False)
    for window in (0, 4, len(dataset) - 1):
        sample = as_dict(dataset[window])
        assert sample["latent_valid"].all()
        assert (sample["latent"] == grid(sample["video"])).all()
    assert np.ptp(as_dict(dataset[0])["latent"][:, :, 5]) > 0  # the rows with the stamps


@pytest.mark.slow
def test_what_is_done_is_not_done_again(call: Call, sound: Path, tmp_path: Path):
    first = json.loads(call("latents", sound, tmp_path / "out", *TOY, "--part", "1/2", "--json").stdout)
    assert (first["chunks"], first["chunks_done_before"]) == (4, 0)
    rest = json.loads(call("latents", sound, tmp_path / "out", *TOY, "--json").stdout)
    assert (rest["chunks"], rest["chunks_done_before"]) == (5, 4)


@pytest.mark.slow
def test_pictures_of_another_size_are_another_table(call: Call, sound: Path, tmp_path: Path):
    call("latents", sound, tmp_path / "out", *TOY, "--size", "48x64")
    assert json.loads((tmp_path / "out" / "table.json").read_text())["about"]["size"] == [48, 64]
    with pytest.raises(DatasetError, match="another place"):
        call("latents", sound, tmp_path / "out", *TOY)


@pytest.mark.parametrize(("option", "wrong"), [("--part", "2/2"), ("--part", "x"), ("--split", "none")])
def test_what_cannot_be_meant_fails(call: Call, sound: Path, tmp_path: Path, option: str, wrong: str):
    assert call("latents", sound, tmp_path / "out", *TOY, option, wrong).exit_code == 2
    assert not (tmp_path / "out").exists()


def test_an_encoder_that_there_is_not_is_named(call: Call, sound: Path, tmp_path: Path):
    with pytest.raises(DatasetError, match="no_such_model"):
        call("latents", sound, tmp_path / "out", "--encoder", "no_such_model:encode")
