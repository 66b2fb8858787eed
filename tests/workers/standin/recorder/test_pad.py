from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.standin.recorder import pad as pads
from workers.standin.recorder.pad import Pad, process

# Raw value of the pad -> the processed value beside it in a real recording.
SEEN = [
    (Pad(), (0.0, 0.0, 0.0, 0.0, 0.0, 0)),
    (Pad(main_x=95), (1.0, 0.0, 0.0, 0.0, 0.0, 0x80000)),
    (Pad(main_x=95, buttons=pads.Y), (1.0, 0.0, 0.0, 0.0, 0.0, 0x80800)),
    (Pad(main_x=95, c_y=-127), (1.0, 0.0, 0.0, -1.0, 0.0, 0x280000)),
    (Pad(main_x=-40, main_y=22), (-0.5, 0.0, 0.0, 0.0, 0.0, 0x40000)),  # 22 is inside the dead zone
    (Pad(main_y=80), (0.0, 1.0, 0.0, 0.0, 0.0, 0x10000)),
    (Pad(main_y=-80), (0.0, -1.0, 0.0, 0.0, 0.0, 0x20000)),
    (Pad(left=70), (0.0, 0.0, 0.0, 0.0, 0.5, 0x80000000)),
    (Pad(left=40), (0.0, 0.0, 0.0, 0.0, 0.0, 0)),
    (Pad(right=140, buttons=pads.RIGHT_TRIGGER), (0.0, 0.0, 0.0, 0.0, 1.0, 0x80000020)),
    (Pad(buttons=pads.Z), (0.0, 0.0, 0.0, 0.0, 0.0, 0x110)),
]


@pytest.mark.parametrize(("pad", "expected"), SEEN)
def test_a_pad_is_processed_as_the_game_does(pad: Pad, expected: tuple[float, ...]):
    assert tuple(process(pad)) == expected


axis = st.integers(-128, 127)


@given(
    st.builds(Pad, axis, axis, axis, axis, st.integers(0, 140), st.integers(0, 140), st.integers(0, 0x1FFF))
)
def test_whatever_the_hands_do_is_within_the_games_range(pad: Pad):
    found = process(pad)

    assert all(-1 <= value <= 1 for value in found[:4])
    assert 0 <= found.trigger <= 1
    assert found.buttons & 0x1FFF & pad.buttons == pad.buttons
    assert 0 <= found.buttons < 2**32
