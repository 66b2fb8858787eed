"""Combine the inputs of all frames between two steps of a window, so that no button press is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from manifests.training.row_arrays import Part
    from manifests.training.windows import WindowSpec

    Arrays = dict[str, NDArray[Any]]


def group_actions(arrays: Arrays, is_pad: NDArray[np.bool_], part: Part, spec: WindowSpec) -> Arrays:
    """Combine the inputs of each step's frames into the inputs of the step.

    Args:
        arrays: arrays of one field by name, [B, A, F, ...] for A actions of F frames each.
        is_pad: bool [B, A, F], True for frames that the chunk does not have.
        part: says which places of the arrays are buttons.
        spec: says how frames are combined.

    Returns:
        [B, A, ...], or [B, A, sets, ...] if a step has several sets of inputs.
    """
    if spec.actions == "any":
        # The values that stand in for a missing frame must not press any button.
        arrays = {
            name: np.where(is_pad.reshape(*is_pad.shape, *(1,) * (array.ndim - 3)), 0, array)
            if not name.endswith("_valid") and array.dtype != np.bool_
            else array
            for name, array in arrays.items()
        }
    found: Arrays = {}
    for name, given in arrays.items():
        array: NDArray[Any] = given
        if name.endswith("_valid"):
            is_there = ~is_pad.reshape(*is_pad.shape, *(1,) * (array.ndim - 3))
            array = np.asarray(array & is_there)
        # [B, A, sets, frames per set, ...]; with "every" a set has one frame.
        sets = array.reshape(*array.shape[:2], spec.actions_per_step, -1, *array.shape[3:])
        found[name] = _joined(sets, name, part)
        if not spec.has_sets:
            found[name] = found[name][:, :, 0]
    return found


def _joined(sets: NDArray[Any], name: str, part: Part) -> NDArray[Any]:
    """Join the frames of each set, [B, A, S, F, ...] to [B, A, S, ...]."""
    if sets.shape[3] == 1:
        return sets[:, :, :, 0]
    if name.endswith("_valid"):
        return np.asarray(sets.all(axis=3))
    if name.endswith("_ids"):  # bit fields of buttons
        held: NDArray[Any] = np.bitwise_or.reduce(sets, axis=3)
        return held
    joined = sets[:, :, :, -1].copy()
    first = part.first_button(name)
    joined[..., first:] = sets[..., first:].max(axis=3)
    return joined
