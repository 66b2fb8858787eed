"""`farm bench browse` measures the browser's pages, here on a small dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.bench.browse import measure
from tests.manifests.small_dataset import NUM_GAMES, build
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.browser
@pytest.mark.slow
def test_waits_are_measured(tmp_path: Path):
    build(tmp_path / "set", tmp_path / "scratch")
    try:
        found = measure(str(tmp_path / "set"), 4)
    except EnvironmentFailed as absent:
        if "extra" not in str(absent):
            raise
        pytest.skip(str(absent))
    assert found.games == NUM_GAMES
    for waits in (found.games_page, found.filtered, *found.pages.values()):
        assert 0 < waits.answered_ms <= waits.interactive_ms <= waits.interactive_ms_p90
        assert waits.rounds == 4
    assert 20 < found.server_mb < 2000


@pytest.mark.slow
def test_a_dataset_that_is_none_fails_in_words(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match="does not start"):
        measure(str(tmp_path / "nothing"), 4)
