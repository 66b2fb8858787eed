from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from farm.planning.measured_pace import MeasuredPace, nearest_pace
from farm.planning.saved_paces import VARIABLE, paces_path, save_pace, saved_paces
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

CANARY = MeasuredPace(
    origin="canary", emulator="slippi", game="Melee", renderer="llvmpipe (LLVM 15.0.6, 256 bits)",
    machine="2 cores", slots=1, num_frames=3600, frames_per_second=40.0, cpu_seconds_per_1000_frames=20.0,
    video_bytes_per_frame=2500.0, states_bytes_per_frame=54.0, measured_on="2026-11-29",
)  # fmt: skip


def with_changes(**changes: Any) -> MeasuredPace:
    return dataclasses.replace(CANARY, **changes)


@pytest.fixture(autouse=True)
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "deep" / "paces.json"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"frames_per_second": 0.0}, "frames_per_second is above 0"),
        ({"video_bytes_per_frame": float("nan")}, "video_bytes_per_frame is above 0"),
        ({"slots": 0}, "slots is above 0"),
        ({"frames_per_second": "fast"}, "frames_per_second is above 0, got 'fast'"),
        ({"origin": "guess"}, "origin is one of canary"),
        ({"measured_on": "yesterday"}, "yesterday"),
    ],
)
def test_a_pace_that_makes_no_sense_cannot_exist(changes: dict[str, Any], words: str):
    with pytest.raises(ValueError, match=words):
        with_changes(**changes)


def test_what_is_written_as_json_is_read_back():
    assert MeasuredPace.from_dict(json.loads(json.dumps(CANARY.to_dict()))) == CANARY


def test_figures_with_a_name_too_many_are_refused():
    with pytest.raises(ValueError, match="not the figures of a measured pace"):
        MeasuredPace.from_dict({**CANARY.to_dict(), "luck": 1})


def test_its_description_names_emulator_game_renderer_and_machine():
    text = CANARY.describe()
    for words in ("canary", "Melee", "slippi", "llvmpipe", "2 cores", "one emulator", "2026-11-29"):
        assert words in text


def test_a_canary_goes_before_a_later_bench():
    bench = with_changes(origin="bench", measured_on="2027-01-01")
    assert nearest_pace([bench, CANARY], "slippi", "Melee") is CANARY


def test_the_later_of_two_canaries_counts():
    later = with_changes(measured_on="2026-12-01")
    assert nearest_pace([later, CANARY], "slippi", "Melee") is later


@pytest.mark.parametrize("other", [{"emulator": "standin"}, {"game": "the stand-in"}])
def test_another_emulator_or_game_says_nothing(other: dict[str, Any]):
    assert nearest_pace([with_changes(**other)], "slippi", "Melee") is None


def test_what_was_kept_is_found_again():
    bench = with_changes(origin="bench")
    save_pace(CANARY)
    save_pace(bench)
    assert saved_paces() == (CANARY, bench)


def test_a_new_measurement_of_the_same_kind_takes_the_place_of_the_old():
    save_pace(CANARY)
    save_pace(with_changes(frames_per_second=50.0))
    assert [pace.frames_per_second for pace in saved_paces()] == [50.0]


def test_nothing_is_left_beside_the_file():
    save_pace(CANARY)
    assert list(paces_path().parent.iterdir()) == [paces_path()]


def test_where_nothing_was_kept_there_is_nothing():
    assert saved_paces() == ()


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", "3", '[{"origin": "canary"}]'])
def test_a_file_that_is_not_ours_is_named(text: str):
    paces_path().parent.mkdir()
    paces_path().write_text(text)
    with pytest.raises(EnvironmentFailed, match="does not hold measured paces"):
        saved_paces()


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file" / "paces.json"))
    with pytest.raises(EnvironmentFailed, match=f"cannot write.*{VARIABLE}"):
        save_pace(CANARY)
