"""A view is a list of names, and every value of its tensor is that of the column with this name."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest

from manifests.state import schema
from manifests.state.derived import derive, derived_column, is_derived
from manifests.state.views import (
    ACTION,
    BUTTONS,
    FOLLOWERS,
    JUST_PRESSED,
    STATE,
    VIEWS,
    View,
    category_names,
    make_view,
    value_names,
    view,
)


@pytest.mark.parametrize("of", VIEWS.values(), ids=lambda of: of.key)
@pytest.mark.parametrize("num_players", [1, 2, 4])
def test_every_value_is_that_of_its_name(make_state: Any, of: View, num_players: int):
    table = make_state(30, num_players, seed=5)
    tensor = make_view(table, of)
    assert tensor.values.dtype == np.float32
    assert tensor.values.shape == tensor.valid.shape == (30, len(tensor.names))
    assert len(set(tensor.names)) == len(tensor.names)
    for place, name in enumerate(tensor.names):
        column, _, button = name.rpartition(".")
        is_button = column in of_buttons(of, num_players)
        source = column if is_button else name
        values, valid = (
            derive(table, source) if is_derived(source) else (table.values(source), table.valid(source))
        )
        expected = (values & BUTTONS[button]) != 0 if is_button else values
        assert np.array_equal(tensor.values[:, place], np.where(valid, expected, 0).astype(np.float32)), name
        assert np.array_equal(tensor.valid[:, place], valid), name


def of_buttons(of: View, num_players: int) -> set[str]:
    return {one.replace("{player}", f"p{index}") for one in of.buttons for index in range(num_players)}


def test_no_category_is_among_the_values():
    for of in VIEWS.values():
        for name in value_names(of):
            declared = schema.table_columns(2).get(name)
            if name.endswith(".airborne"):
                continue  # 0 or 1, like a flag
            if declared is not None:
                assert not declared.is_category, name
            elif is_derived(name):
                assert not derived_column(name).is_category, name


def test_categories_stay_what_they_are(make_state: Any):
    table = make_state(10)
    tensor = make_view(table, STATE)
    assert tensor.categories["p0.action"].dtype == np.uint16
    assert np.array_equal(tensor.categories["p1.animation"], table.values("p1.animation"))
    assert np.array_equal(tensor.categories_valid["p1.animation"], table.valid("p1.animation"))
    assert "p0.d_action_category" in tensor.categories


def test_followers_are_a_view_of_their_own(make_state: Any):
    assert all(name.startswith(("p0n.", "p1n.")) for name in make_view(make_state(3), FOLLOWERS).names)
    assert not any(name.startswith("p0n.") for name in make_view(make_state(3), STATE).names)


def test_a_view_is_asked_for_by_name_and_version():
    assert view("state/1") is STATE
    assert view("action/1") is ACTION
    with pytest.raises(KeyError, match="no view"):
        view("state/99")


def test_a_place_of_a_tensor_says_what_kind_it_is():
    names = value_names(ACTION)
    kinds = dict(zip(names, names.kinds, strict=True))
    assert (kinds["p0.main_x"], kinds["p1.buttons.start"]) == ("continuous", "flag")
    assert {"continuous", "flag"} == {kind for of in VIEWS.values() for kind in value_names(of).kinds}
    assert {"categorical", "mask"} == {kind for of in VIEWS.values() for kind in category_names(of).kinds}


def test_every_id_of_the_newest_state_fits_an_embedding(make_state: Any):
    names = category_names(view("state/2"))
    for seed in range(3):
        tensor = make_view(make_state(200, seed=seed), view("state/2"))  # ids may have any value
        for name, domain in zip(names, names.domains, strict=True):
            if name.rpartition(".")[2] not in ("l_cancel", "hurtbox", "whispy", "ps_event", "ps_type"):
                assert tensor.categories[name].max() < domain.num_classes, name


def test_just_pressed_is_an_event_per_button():
    assert value_names(JUST_PRESSED)[:2] == ("p0.d_pressed.d_left", "p0.d_pressed.d_right")
    assert len(value_names(JUST_PRESSED)) == 2 * len(BUTTONS)


# A model is trained on a list of names, so the same key must mean the same list for ever.
PINNED = {
    "state/1": "f3b193227dabe259",
    "followers/1": "2a4a9170b66daa1f",
    "action/1": "dc0f261575b4e80e",
    "raw_action/1": "6d8046c3ea230453",
    "just_pressed/1": "6c5a5178a7f3afe2",
    "state/2": "fecd841666c126b6",
    "followers/2": "219fddee0ac28394",
    "flags/1": "bd8575f58056d137",
    "projectiles/1": "cedc7b08b563426c",
}


@pytest.mark.parametrize("of", VIEWS.values(), ids=lambda of: of.key)
def test_a_published_list_never_changes(of: View):
    names = ",".join((*value_names(of), "|", *sorted(category_names(of))))
    assert hashlib.sha256(names.encode()).hexdigest()[:16] == PINNED[of.key]
