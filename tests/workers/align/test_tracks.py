"""Tracks of what moves by the state: how far, when it appears and vanishes, when its looks change."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workers.align.painted_game import state_of
from workers.align.motion.movers import tracks_of
from workers.align.motion.tracks import Mover, Tracks, fighter_tracks, shaken, thing_tracks
from workers.replay import read_replay
from workers.replay.state import state_table
from workers.standin.recorder import record_match

FOUNTAIN, YOSHIS_STORY, BATTLEFIELD = 2, 8, 31


class TestWhatShouldStir:
    def stir(self, **looks: list[float]) -> np.ndarray:
        num = len(next(iter(looks.values())))
        still, shown = np.zeros((1, num), np.float32), np.ones((1, num), np.bool_)
        rows = {name: np.array([values], np.float32) for name, values in looks.items()}
        return fighter_tracks(still, still, shown, rows).stir[0]

    def test_a_new_action_stirs(self):
        assert np.argmax(self.stir(action=[14.0] * 20 + [44.0] * 20)) == 20

    def test_a_frozen_animation_stirs_less_than_one_that_goes_on(self):
        ages = [float(min(max(k - 10, 0), 10)) for k in range(30)]  # goes on only in frames 11 to 20
        stir = self.stir(action_age=ages)
        assert stir[11:21].min() > max(stir[:11].max(), stir[21:].max())

    def test_a_value_that_an_old_replay_lacks_stirs_nothing(self):
        assert not self.stir(airborne=[float("nan")] * 30).any()

    def test_dying_and_coming_back_stir(self):
        shown = np.ones((1, 60), np.bool_)
        shown[:, 20:40] = False
        still = np.zeros((1, 60), np.float32)
        stir = fighter_tracks(still, still, shown, {}).stir[0]
        assert sorted(np.argsort(stir)[-2:].tolist()) == [20, 40]

    def test_a_hit_is_counted_where_a_percentage_changes(self):
        percent = np.zeros((2, 30), np.float32)
        percent[:, 10:], percent[1, 20:] = 5, 9
        still, shown = np.zeros((2, 30), np.float32), np.ones((2, 30), np.bool_)
        hits = fighter_tracks(still, still, shown, {"percent": percent}).num_hit
        assert (hits[10], hits[20], hits.sum()) == (2, 1, 3)


def test_the_camera_may_tremble_from_a_hit_or_a_death_on():
    shown = np.ones((1, 60), np.bool_)
    shown[:, 40:] = False
    percent = np.zeros((1, 60), np.float32)
    percent[:, 10:] = 7
    still = np.zeros((1, 60), np.float32)
    tracks = fighter_tracks(still, still, shown, {"percent": percent})
    assert np.flatnonzero(shaken(tracks, 5)).tolist() == [*range(10, 15), *range(40, 45)]


class TestAThing:
    def flies(self) -> Tracks:
        x = np.arange(30, dtype=np.float32)[None] * 2
        is_there = np.zeros((1, 30), np.bool_)
        is_there[:, 10:20] = True
        return thing_tracks(Mover.PROJECTILE, np.where(is_there, x, 0), np.where(is_there, x, 0), is_there)

    def test_it_takes_steps_only_between_frames_that_both_have_it(self):
        assert np.flatnonzero(self.flies().step_x[0]).tolist() == list(range(11, 20))

    def test_it_comes_in_its_first_frame_and_goes_in_the_one_after_its_last(self):
        assert np.flatnonzero(self.flies().comes_or_goes[0]).tolist() == [10, 20]

    def test_it_goes_from_where_it_was(self):
        assert self.flies().x[0, 20] == self.flies().x[0, 19] == 38

    def test_late_pictures_show_all_of_it_late(self):
        tracks, late = self.flies(), self.flies().delayed(3)
        for name in ("x", "y", "is_shown", "comes_or_goes", "step_x", "step_y", "stir"):
            assert np.array_equal(getattr(late, name)[:, 3:], getattr(tracks, name)[:, :-3])
        assert not late.comes_or_goes[:, :3].any()


class TestAState:
    def kinds(self, stage: int, seed: int = 1) -> list[Mover]:
        return list(
            tracks_of(state_table(read_replay(record_match(seed, stage=stage, num_frames=600)))).kinds
        )

    @pytest.mark.parametrize(("stage", "num_platforms"), [(FOUNTAIN, 2), (YOSHIS_STORY, 1), (BATTLEFIELD, 0)])
    def test_it_has_its_stages_moving_platforms(self, stage: int, num_platforms: int):
        assert self.kinds(stage).count(Mover.PLATFORM) == num_platforms

    def test_its_fighters_come_first(self):
        assert self.kinds(BATTLEFIELD)[:2] == [Mover.FIGHTER, Mover.FIGHTER]

    def test_its_projectiles_move_as_its_items_do(self):
        state = state_of(3)
        tracks = tracks_of(state).of_kind(Mover.PROJECTILE)
        frame, slot = int(np.argmax(tracks.is_shown.any(axis=0))), 0
        first = int(np.flatnonzero(state.items.frame_index() == frame)[0])
        assert tracks.x[slot, frame] == state.items.values("x")[first]
        assert tracks.is_shown.sum() == state.items.num_rows

    def test_its_slice_is_part_of_its_tracks(self):
        tracks = tracks_of(state_of(3))
        part = tracks.slice(100, 250)
        assert (part.num_frames, part.kinds) == (150, tracks.kinds)
        assert np.array_equal(part.step_x, tracks.step_x[:, 100:250])
