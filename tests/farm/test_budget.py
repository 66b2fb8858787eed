"""`--budget` chooses the CRF before anything is written, and the dataset keeps that CRF from then on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from farm.cli import farm
from farm.planning.rates import FINEST_CRF
from manifests.ledger.dataset import read_description
from manifests.store.open import open_store
from workers.standin.recorder import record_match

pytestmark = [pytest.mark.dolphin, pytest.mark.slow]


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replays")
    for seed in (1, 2):
        (folder / f"{seed}.slp").write_bytes(record_match(seed, num_frames=120))
    return folder


def rendered(replays: Path, out: Path, *more: str) -> tuple[int, str]:
    words = ["render", "--replays", str(replays), "--out", str(out), "--emulator", "standin", *more]
    done = CliRunner().invoke(farm, words)
    return done.exit_code, f"{done.output}{done.exception or ''}"


def size_of(dataset: Path) -> int:
    parts = (dataset / "videos", dataset / "states")
    return sum(file.stat().st_size for part in parts for file in part.rglob("*") if file.is_file())


def crf_of(dataset: Path) -> float:
    video = read_description(open_store(dataset)).video
    assert video is not None
    return video.crf


def test_what_is_rendered_fits_into_the_budget_and_the_crf_stays(replays: Path, tmp_path: Path):
    out = tmp_path / "set"
    code, said = rendered(replays, out, "--budget", "600KB")
    assert code == 0, said
    assert "for all games" in said
    chosen = crf_of(out)
    assert chosen > FINEST_CRF
    assert 0.6 * 600e3 < size_of(out) <= 600e3
    # A later budget does not change the dataset's CRF; a later --crf with another value is refused.
    (replays.parent / "more.slp").write_bytes(record_match(3, num_frames=60))
    code, said = rendered(replays.parent / "more.slp", out, "--budget", "2KB")
    assert code == 0
    assert f"keeps the CRF of its beginning, {chosen:g}" in said
    assert crf_of(out) == chosen
    code, said = rendered(replays, out, "--crf", "40")
    assert code
    assert f"its videos have CRF {chosen:g}, and --crf 40" in said


def test_a_budget_that_nothing_fits_into_writes_nothing(replays: Path, tmp_path: Path):
    code, said = rendered(replays, tmp_path / "set", "--budget", "10KB")
    assert code
    assert "240 frames do not fit into 10.0 kB" in said
    assert not (tmp_path / "set" / "dataset.json").exists()


def test_a_plan_settles_the_crf_too(replays: Path, tmp_path: Path):
    words = ["plan", "--replays", str(replays), "--out", str(tmp_path / "set"), "--emulator", "standin"]
    done = CliRunner().invoke(farm, [*words, "--budget", "1GB", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)
    assert crf_of(tmp_path / "set") == FINEST_CRF


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--budget", "300 games"], "budget.*300.*a number of bytes such as 300GB"),
        (["--crf", "60"], "crf.*60.*a number from 1 to 51"),
        (["--crf", "20", "--budget", "1GB"], "exclude each other"),
    ],
)
def test_wrong_values_are_refused(replays: Path, tmp_path: Path, words: list[str], said: str):
    code, text = rendered(replays, tmp_path / "set", *words)
    assert code
    assert re.search(said, text)
