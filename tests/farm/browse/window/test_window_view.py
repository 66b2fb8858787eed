"""The page of a window shows exactly the sample that its line of Python gives."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from farm.browse.window.window_ask import NO_WINDOW, WindowAsk, window_ask
from farm.browse.window.window_view import described, loop, shown_window, step_picture
from manifests.training.windows import WindowSpec
from manifests.video.stamp import read_stamps

if TYPE_CHECKING:
    from manifests.store.contract import Store

SPECS = st.builds(
    dict,
    window=st.integers(1, 8),
    frame_step=st.sampled_from([1, 2, 3, 4]),
    start=st.sampled_from(["gop", "any"]),
    actions=st.sampled_from(["last", "every", "any"]),
    action_shift=st.integers(-3, 3),
    lookahead=st.integers(0, 2),
    history=st.integers(0, 2),
)


def stamps_of(pictures: list[Image.Image]) -> list[int]:
    luma = np.stack([np.asarray(picture.convert("L").resize((640, 480))) for picture in pictures])
    shown, valid = read_stamps(luma)
    assert valid.all()
    return shown.tolist()


def sample_of(line: str) -> Any:
    """Run the line of Python that the page shows, as somebody who copies it would."""
    names: dict[str, Any] = {}
    exec(line, names)  # noqa: S102 - it is what is tested
    return names["sample"]


@pytest.mark.slow
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(SPECS, st.integers(0, 10**6))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_pictures_steps_and_inputs_are_those_of_the_line(sound_store: Store, options: dict, place: int):
    first = shown_window(sound_store.url, WindowAsk(spec=WindowSpec(**options)))
    ask = WindowAsk(at=str(place % first.num_windows), spec=WindowSpec(**options))
    shown = shown_window(sound_store.url, ask)
    sample = sample_of(ask.line(sound_store.url, shown.number))
    page = described(shown)
    slp_frames = [step["slp_frame"] for step in page["steps"]]
    assert slp_frames == sample["slp_frame"].tolist()
    pictures = [Image.open(io.BytesIO(step_picture(shown, k))) for k in range(len(slp_frames))]
    assert stamps_of(pictures) == slp_frames
    assert len(page["inputs"]) == len(sample["action"])
    pads = [[one["is_pad"] for one in each["sets"]] for each in page["inputs"]]
    assert np.array_equal(np.array(pads).reshape(sample["action_is_pad"].shape), sample["action_is_pad"])
    main_x = [[one["players"][1]["main_x"] for one in each["sets"]] for each in page["inputs"]]
    index = shown.names["action"].index("p1.main_x")
    expected = sample["action"][..., index].reshape(len(main_x), -1)
    np.testing.assert_allclose(main_x, expected, atol=1e-4)
    assume(len(pictures) > 1)
    moving = Image.open(io.BytesIO(loop(shown, ask.spec.frame_step)))
    assert stamps_of([each.copy() for each in ImageSequence.Iterator(moving)]) == slp_frames


def test_a_masked_value_is_shown_as_none(sound_store: Store):
    shown = shown_window(sound_store.url, WindowAsk(fields=("state",)))
    rows = {row["name"]: row["values"] for row in described(shown)["tables"][0]["rows"]}
    sample = shown.sample
    names = list(shown.names["state"])
    assert len(rows) == sample["state"].shape[-1] + sample["state_ids"].shape[-1]
    for place, name in enumerate(names):
        assert [value is None for value in rows[name]] == (~sample["state_valid"][:, place]).tolist()


def test_a_game_and_frame_name_the_last_window_that_begins_there_or_before(sound_store: Store):
    game_id = described(shown_window(sound_store.url, WindowAsk()))["game_id"]
    at = f"{game_id[:8]}:-70"
    shown = shown_window(sound_store.url, WindowAsk(at=at, spec=WindowSpec(8)))
    assert shown.sample["slp_frame"][0] == -93  # the key frame before it
    assert described(shown)["asked_frame"] == -70
    shown = shown_window(sound_store.url, WindowAsk(at=at, spec=WindowSpec(8, start="any")))
    assert shown.sample["slp_frame"][0] == shown.asked_frame == -70


def test_a_window_named_by_its_number_was_asked_for_at_no_frame(sound_store: Store):
    assert shown_window(sound_store.url, WindowAsk(at="1")).asked_frame is None


def test_blanks_around_what_is_typed_do_not_matter():
    typed = {"window": " 8 ", "size": " 144 x 192", "fields": " video , action, ", "split": " "}
    plain = {"window": "8", "size": "144x192", "fields": "video,action"}
    assert window_ask(NO_WINDOW | typed) == window_ask(NO_WINDOW | plain)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"window": "100"}, "64 steps at most"),
        ({"window": "x"}, "window is a whole number"),
        ({"size": "288"}, "HEIGHTxWIDTH"),
        ({"size": "9000x9000"}, "2048"),
        ({"fields": "video,secrets"}, "fields are video"),
        ({"actions": "some"}, "actions are of"),
    ],
)
def test_wrong_options_are_refused(parameters: dict[str, str], said: str):
    with pytest.raises(ValueError, match=said):
        window_ask(NO_WINDOW | parameters)


@pytest.mark.parametrize("at", ["99999999", "nobody:0", "zz", ":5"])
def test_a_window_that_is_not_there_is_refused(sound_store: Store, at: str):
    with pytest.raises(ValueError, match="no window"):
        shown_window(sound_store.url, WindowAsk(at=at))


def test_the_line_has_only_what_differs_from_the_default():
    ask = window_ask(NO_WINDOW | {"window": "8", "size": "144x192", "split": "train"})
    assert ask.line("set", 7) == (
        "from manifests import Pictures, WindowSpec, open_dataset; sample = open_dataset('set', "
        "window=WindowSpec(window=8), fields=['video', 'state', 'action'], split='train', "
        "pictures=Pictures(size=(144, 192)), as_torch=False)[7]"
    )
