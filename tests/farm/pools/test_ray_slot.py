"""The class behind a slot on a cluster runs a game; tested by itself, without Ray."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from null_renderer import NullSettings, NullTask, render_nothing

from farm.engine.slot_report import Returned, Unable
from farm.pools.ray_slot import RaySlot
from workers.scratch import PREFIX, scratch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> NullSettings:
    return NullSettings(scratch_base=tmp_path / "scratch")


def test_a_game_comes_back_as_its_result(settings: NullSettings):
    report = RaySlot(render_nothing, settings).run(NullTask("g", 700))
    assert isinstance(report, Returned)
    assert (report.result.game_id, report.result.num_frames) == ("g", 700)


def test_a_machine_that_cannot_do_the_work_is_a_report_and_no_error(settings: NullSettings):
    report = RaySlot(render_nothing, settings).run(NullTask("g", behaviour="find no Dolphin"))
    assert report == Unable("no Dolphin here; install one")


def test_a_bug_is_an_error_so_that_the_pool_ends_the_slot(settings: NullSettings):
    with pytest.raises(RuntimeError, match="a bug of ours"):
        RaySlot(render_nothing, settings).run(NullTask("g", behaviour="have a bug"))


def test_a_new_slot_removes_what_dead_ones_left_and_nothing_of_the_living(settings: NullSettings):
    assert settings.scratch_base is not None
    dead = settings.scratch_base / f"{PREFIX}dead"
    dead.mkdir(parents=True)
    with scratch(settings.scratch_base) as living:
        RaySlot(render_nothing, settings)
        assert living.exists()
    assert not dead.exists()
