from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workers.replay import read_replay
from workers.replay.renderable import renderable
from workers.replay.stage_geometry import LEGAL_STAGES
from workers.replay.state import state_table
from workers.standin.recorder import RecordOptions, record, record_match
from workers.standin.recorder.roster import ROSTER

PINNED = "a469eef568e78c94bc02883fa688432a6473870882626af7c5e716a74fe1b31f"
PINNED_ARGUMENTS = "7, stage=8, num_frames=500, rollback_share=0.1, unfinalised_tail=1"


def test_the_same_arguments_give_the_pinned_bytes():
    data = record_match(7, stage=8, num_frames=500, rollback_share=0.1, unfinalised_tail=1)

    assert hashlib.sha256(data).hexdigest() == PINNED


@pytest.mark.slow
def test_another_process_with_another_hash_seed_gives_the_pinned_bytes_too():
    code = (
        "import hashlib; from workers.standin.recorder import record_match;"
        f"print(hashlib.sha256(record_match({PINNED_ARGUMENTS})).hexdigest())"
    )
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert child.stdout.strip() == PINNED


def test_seeds_give_different_matches():
    assert len({record_match(seed, num_frames=300) for seed in range(6)}) == 6


def test_a_choice_of_stage_leaves_the_other_draws_alone():
    drawn, chosen = (record(RecordOptions(3, stage, 200)) for stage in (None, 32))

    assert drawn.setup.characters == chosen.setup.characters
    assert drawn.setup.costumes == chosen.setup.costumes


@pytest.mark.parametrize("num_frames", [8, 124, 125, 600])
def test_a_match_has_the_frames_asked_for(num_frames: int):
    made = record(RecordOptions(2, num_frames=num_frames))

    assert [frame.slp_frame for frame in made.played.frames] == list(range(-123, num_frames - 123))


@pytest.mark.slow
def test_a_match_without_a_length_ends_with_the_last_stock():
    made = record(RecordOptions(4, stocks=1))
    stocks = [[fighter.post.stocks for fighter in frame.fighters] for frame in made.played.frames]

    assert 0 in stocks[-1]
    assert all(0 not in row for row in stocks[:-1])


@pytest.mark.parametrize(
    ("choices", "complaint"),
    [
        ({"seed": -1}, "seed -1"),
        ({"stage": 4}, "stage 4; stages are"),
        ({"num_frames": 7}, "num_frames 7"),
        ({"num_frames": 30_000}, "num_frames 30000"),
        ({"characters": (2, 18)}, "character 18; characters are external ids"),
        ({"ports": (1, 1)}, "ports"),
        ({"ports": (2, 4)}, "ports"),
        ({"stocks": 0}, "stocks 0"),
        ({"rollback_share": 0.6}, r"rollback_share 0\.6"),
        ({"unfinalised_tail": 4}, "unfinalised_tail 4"),
        ({"cut_bytes": -1}, "cut_bytes -1"),
    ],
)
def test_an_option_out_of_range_fails(choices: dict[str, object], complaint: str):
    with pytest.raises(ValueError, match=f"cannot record {complaint}"):
        RecordOptions(**{"seed": 1, **choices})  # type: ignore[arg-type]


options = st.builds(
    RecordOptions,
    seed=st.integers(0, 2**48 - 1),
    stage=st.none() | st.sampled_from(LEGAL_STAGES),
    num_frames=st.integers(60, 420),
    characters=st.tuples(*[st.sampled_from([one.external_id for one in ROSTER])] * 2),
    ports=st.sampled_from([(0, 1), (0, 3), (1, 2), (2, 3)]),
    rollback_share=st.sampled_from([0.0, 0.03, 0.2, 0.5]),
    unfinalised_tail=st.integers(0, 3),
    has_gecko_list=st.booleans(),
    has_metadata=st.booleans(),
)


@pytest.mark.slow
@given(options)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_our_reader_finds_the_match_that_was_played(chosen: RecordOptions):
    made = record(chosen)
    replay = read_replay(made.data)
    renderable(replay)
    table = state_table(replay)

    true = made.played.frames[: len(made.played.frames) - chosen.unfinalised_tail]
    assert table.values("slp_frame").tolist() == [frame.slp_frame for frame in true]
    for player in (0, 1):
        posts = [next(f.post for f in frame.fighters if f.port == chosen.ports[player]) for frame in true]
        for column, field in (("x", "x"), ("y", "y"), ("action", "action"), ("percent", "percent")):
            expected = np.array([getattr(post, field) for post in posts])
            found = table.values(f"p{player}.{column}")
            assert np.array_equal(found, expected.astype(found.dtype)), column
    assert replay.record.num_instances == len(made.written)
    assert replay.record.stage_id == made.setup.stage.stage_id
    assert replay.record.num_unfinalized == chosen.unfinalised_tail
