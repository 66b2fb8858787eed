"""Samples and batches have exactly the names and types that `Sample` declares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import numpy as np
import pytest

from manifests.state.views import VIEWS
from manifests.training.sample import Sample, SampleRecord, as_dict

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.training.dataset import WindowDataset

    Opened = Callable[..., WindowDataset]

FIELDS = ("video", *sorted({view.name for view in VIEWS.values()}))


def declared_dtypes() -> dict[str, np.dtype[Any]]:
    """dtype by declared name: the record's type parameters, replaced by those of `Sample`."""
    parameters = dict(zip(SampleRecord.__parameters__, get_args(Sample), strict=True))  # type: ignore[attr-defined]
    arrays = {name: parameters[hint] for name, hint in get_type_hints(SampleRecord).items()}
    return {name: np.dtype(get_args(get_args(array)[1])[0]) for name, array in arrays.items()}


def test_every_name_of_every_view_is_declared_with_its_dtype(opened: Opened):
    declared, dataset = declared_dtypes(), opened(fields=FIELDS, window=4)
    for record in (dataset[0], next(iter(dataset.stream(batch_size=2)))):
        found = {name: array.dtype for name, array in record.items()}
        assert found == {name: declared[name] for name in found}


def test_no_name_is_declared_that_no_sample_has(opened: Opened):
    dataset = opened(fields=FIELDS, window=4)
    assert declared_dtypes().keys() == next(iter(dataset.stream(batch_size=2))).keys()


def test_names_that_are_always_there_need_no_field(opened: Opened):
    assert set(opened(fields=("p0.x",))[0]) == SampleRecord.__required_keys__ | {"p0.x", "p0.x_valid"}


def test_other_names_are_got_from_the_same_record(opened: Opened):
    sample = opened(fields=("p0.x",))[0]
    assert as_dict(sample) is sample
    assert as_dict(sample)["p0.x"].shape == (16,)


@pytest.mark.parametrize("name", ["game", "chunk", "frame_index"])
def test_where_a_window_is_from_is_a_number_without_an_axis(opened: Opened, name: str):
    assert opened()[0][name].shape == ()
