"""The estimate of a run, computed from measurements, is compared with calculations by hand."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from farm.cli import farm
from farm.planning.estimate import Measured, Prices, Span, Work, estimate
from farm.planning.known_paces import PUBLIC_MELEE, PUBLIC_MELEE_PACE, STANDIN_PACE, measured_by
from farm.planning.measured import of_entries
from farm.planning.saved_paces import VARIABLE, save_pace
from manifests.ledger.entry import done_game_ids, read_entries
from tests.manifests.small_dataset import build
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from pathlib import Path

MEASURED = Measured(Span(30, 60, 120), Span(1000, 2000, 4000), Span(50, 50, 50), "a test")


def test_an_hour_of_frames_takes_an_hour_at_their_own_rate():
    found = estimate(
        Work(games=10, frames=216_000, chunks=60),
        MEASURED,
        Prices(core_hour=1.0, gigabyte_month=1.0, thousand_puts=10.0, thousand_gets=1.0),
        slots=1,
        cores_per_slot=2.0,
    )
    assert found.hours == Span(0.5, 1.0, 2.0)
    assert found.video_bytes == Span(216e6, 432e6, 864e6)
    assert found.instance_dollars == Span(1.0, 2.0, 4.0)
    assert found.storage_dollars.usual == pytest.approx(0.432 + 0.0108)
    assert (found.puts, found.gets) == (130, 20)
    assert found.request_dollars == pytest.approx(1.3 + 0.02)


@given(st.integers(1, 500), st.floats(0.5, 16))
def test_more_slots_take_less_time_and_the_same_money(slots: int, cores: float):
    work = Work(100, 1_000_000, 300)
    one = estimate(work, MEASURED, Prices(), slots=1, cores_per_slot=cores)
    many = estimate(work, MEASURED, Prices(), slots=slots, cores_per_slot=cores)
    assert many.hours.usual * slots == pytest.approx(one.hours.usual)
    assert many.instance_dollars.most == pytest.approx(one.instance_dollars.most)
    assert many.hours.least <= many.hours.usual <= many.hours.most


def test_the_public_users_way_takes_what_he_told_for_22_000_games():
    frames = 22_000 * 10_840
    assert PUBLIC_MELEE.hours(frames) / 24 == pytest.approx(27, abs=0.1)
    assert PUBLIC_MELEE.dollars_for(757 * 10_840) == pytest.approx(24)


def test_a_pace_is_kept_where_a_slot_has_the_cores_for_it():
    assert measured_by(STANDIN_PACE, 2.0).frames_per_second.usual == STANDIN_PACE.frames_per_second


def test_a_slot_with_few_cores_is_as_slow_as_its_cpu_time_makes_it():
    per_1000 = STANDIN_PACE.cpu_seconds_per_1000_frames
    assert measured_by(STANDIN_PACE, 0.1).frames_per_second.usual == pytest.approx(100 / per_1000)


def test_where_nobody_measured_the_videos_their_size_has_a_wide_range():
    video = measured_by(PUBLIC_MELEE_PACE, 2.0).video_bytes
    assert video.least < 0.5 * video.most


@pytest.mark.parametrize(
    "make",
    [
        lambda: Span(0, 1, 2),
        lambda: Span(2, 1, 3),
        lambda: Work(0, 0, 0),
        lambda: Prices(core_hour=-1),
        lambda: estimate(Work(1, 1, 1), MEASURED, Prices(), slots=0, cores_per_slot=2),
    ],
)
def test_what_cannot_be_fails(make: Any):
    with pytest.raises(ValueError, match=r"got|nothing"):
        make()


class TestCommand:
    @pytest.fixture(autouse=True)
    def _own_settings(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        monkeypatch.setenv(VARIABLE, str(tmp_path / "paces.json"))
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.slp").write_bytes(record_match(3, num_frames=180))

    def call(self, tmp_path: Path, *more: str) -> Any:
        arguments = ["plan", "--replays", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--estimate"]
        return CliRunner().invoke(farm, [*arguments, *more])

    def test_an_estimate_writes_nothing_and_says_where_its_figures_are_from(self, tmp_path: Path):
        result = self.call(tmp_path, "--json", "--slots", "3")
        found = json.loads(result.stdout)
        assert not (tmp_path / "out").exists()
        assert found["work"]["games"] == 1
        assert found["measured"]["origin"] == STANDIN_PACE.describe()
        for name in ("emulator", "renderer", "machine", "game"):
            assert found["measured"]["pace"][name] == getattr(STANDIN_PACE, name)
        assert found["this_plan"]["slots"] == 3
        assert found["games_22000"]["seed"] == {"bytes": 300e9, "days_on_one": 19, "days_on_six": 3}

    def test_a_table_is_for_people(self, tmp_path: Path):
        result = self.call(tmp_path)
        assert result.exit_code == 0, result.output
        assert "days on 6" in result.stdout
        assert "Measured: a bench: the stand-in in --emulator standin" in result.stdout

    def test_a_canary_goes_before_what_is_known_from_elsewhere(self, tmp_path: Path):
        canary = dataclasses.replace(STANDIN_PACE, origin="canary", frames_per_second=10)
        save_pace(canary)
        found = json.loads(self.call(tmp_path, "--json").stdout)
        assert found["measured"]["origin"] == canary.describe()
        assert found["this_plan"]["hours"]["usual"] == pytest.approx(
            180 / 10 / 3600 / found["this_plan"]["slots"]
        )

    def test_melee_goes_by_the_public_user_and_not_by_the_standin(self, tmp_path: Path):
        found = json.loads(
            self.call(tmp_path, "--json", "--emulator", "slippi", "--game-image", "m.iso").stdout
        )
        assert found["measured"]["pace"]["game"] == "Melee"
        assert "64 vCPUs" in found["measured"]["origin"]

    def test_the_anchor_says_what_melee_cost_a_public_user(self, tmp_path: Path):
        text = self.call(tmp_path).stdout
        assert "34 games an hour by all 24, 24 USD for 757 games" in text
        assert "22,000 games take 27 days" in text

    @pytest.mark.slow
    def test_a_dataset_measures(self, tmp_path: Path):
        store = build(tmp_path / "set", tmp_path / "scratch")
        entries = [entry for entry in read_entries(store, done_game_ids(store)) if entry.chunks]
        timed = [
            dataclasses.replace(
                entry, run=dataclasses.replace(entry.run, timings={"wall_seconds": entry.num_frames / rate})
            )
            for entry, rate in zip(entries, (40, 50, 100), strict=True)
        ]
        found = of_entries(timed, "a test")
        assert found.frames_per_second.usual == pytest.approx(3 / (1 / 40 + 1 / 50 + 1 / 100))
        assert (found.frames_per_second.least, found.frames_per_second.most) == pytest.approx((40, 100))
        video = sum(chunk.video.size_bytes for entry in entries for chunk in entry.chunks)
        frames = sum(entry.num_frames for entry in entries)
        assert found.video_bytes.usual == pytest.approx(video / frames)

    def test_a_dataset_without_games_cannot_measure(self, tmp_path: Path):
        (tmp_path / "empty").mkdir()
        result = self.call(tmp_path, "--measured", str(tmp_path / "empty"))
        assert result.exit_code == 2
        assert "no rendered game to measure by" in result.output
