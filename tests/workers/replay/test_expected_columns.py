"""Our reader gives the values that expected.json, kept beside the project, has for the real replays."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from manifests.ledger.reasons import Reason
from workers.errors import ReplayRefused
from workers.replay import read_replay
from workers.replay.state import state_table

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.shared

OUR_NAMES = {
    "post": {
        "x": "x", "y": "y", "percent": "percent", "state": "action", "stocks": "stocks",
        "age": "action_age", "air": "airborne",
    },
    "pre": {"jx": "main_x", "jy": "main_y", "trig": "trigger", "buttons": "buttons"},
}  # fmt: skip


@pytest.fixture(scope="module")
def expected(real_replays: Path) -> list[dict[str, Any]]:
    answers = json.loads((real_replays / "expected.json").read_text())
    return [answer for answer in answers["replays"] if answer["final_frames"]]


def test_every_expected_column_is_reproduced(real_replays: Path, expected: list[dict[str, Any]]):
    checked, wrong = 0, []
    for answer in expected:
        replay = read_replay((real_replays / answer["file"]).read_bytes())
        table = state_table(replay, finalized_only=False)
        ports = [player.port for player in replay.record.players]
        for key, columns in answer["columns_sha256_16"].items():
            event, port, *nana = key.split(".")
            entity = f"p{ports.index(int(port[1:]) - 1)}{'n' if nana else ''}"
            for theirs, digest in columns.items():
                if theirs == "n":
                    assert (
                        table.valid(f"{entity}.{OUR_NAMES[event]['x' if event == 'post' else 'jx']}").sum()
                        == digest
                    )
                    continue
                name = f"{entity}.{OUR_NAMES[event][theirs]}"
                recorded = table.values(name)[table.valid(name)]
                checked += 1
                if hashlib.sha256(recorded.tobytes()).hexdigest()[:16] != digest:
                    wrong.append((answer["file"], key, theirs))
    assert not wrong
    assert checked == 345  # so that an emptied expected.json cannot pass


def test_every_expected_count_is_reproduced(real_replays: Path, expected: list[dict[str, Any]]):
    for answer in expected:
        replay = read_replay((real_replays / answer["file"]).read_bytes())
        record = replay.record
        assert replay.game_id == answer["sha256"]
        assert record.slippi_version == answer["version"]
        assert (record.num_instances, record.num_frames) == (answer["instances"], answer["final_frames"])
        assert (record.first_slp_frame, record.last_slp_frame) == (answer["first"], answer["last"])
        assert record.stage_id == answer["stage"]
        assert record.last_finalized_slp_frame == answer.get("last_finalized")
        assert (record.end_method is not None) == bool(answer["game_end"])
        assert replay.frames.item.size == answer.get("items_in_final_frames", 0)
        assert record.is_truncated == bool(answer["warn"])


def test_a_file_cut_before_its_first_frame_fails(real_replays: Path):
    with pytest.raises(ReplayRefused, match="no complete frame") as caught:
        read_replay((real_replays / "corrupt.slp").read_bytes())
    assert caught.value.reason is Reason.NO_FRAMES
