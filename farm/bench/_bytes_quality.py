"""Measures what compression costs in parts of pictures: fighters' SSIM, and which digits can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A rectangle of the picture that shows one of a few known texts.

    Attributes:
        rows: rows of the rectangle.
        columns: columns of the rectangle.
        label: int64 [T], the text's number in each picture.
        valid: bool [T], False if the field shows nothing, or is not in its place.
    """

    rows: slice
    columns: slice
    label: NDArray[np.int64]
    valid: NDArray[np.bool_]


def box_of(field: Field) -> tuple[int, int, int, int]:
    """Return a field's left, top, right, bottom."""
    return field.columns.start, field.rows.start, field.columns.stop, field.rows.stop


def inside(similarity: NDArray[np.float32], boxes: NDArray[np.int64]) -> Iterator[float]:
    """Yield the mean of a map in each box, int64 [N, 4]: left, top, right, bottom; empty boxes give none."""
    for left, top, right, bottom in boxes:
        part = similarity[top:bottom, left:right]
        if part.size:
            yield float(part.mean())


class FieldReader:
    """Reads a field by the nearest template, where a template is the mean of all pictures of one text.

    Only pictures that are read correctly before compression count: if something covers or shakes the text,
    compression is not at fault.

    Args:
        field: the field's place, and its true text in each picture.
        pictures: [T, H, W], uncompressed.
    """

    def __init__(self, field: Field, pictures: NDArray[np.uint8]) -> None:
        self._field = field
        parts = pictures[:, field.rows, field.columns].astype(np.float32)
        self.labels = np.unique(field.label[field.valid])
        shown = (field.valid & (field.label == label) for label in self.labels)
        self._templates = np.stack([parts[chosen].mean(axis=0) for chosen in shown])
        self.counts = field.valid & (np.array([self._read(part) for part in parts]) == field.label)

    def num_right(self, pictures: Sequence[Luma], frames: NDArray[np.int64]) -> tuple[int, int]:
        """Read some pictures; return how many are read correctly, and how many count."""
        right = could = 0
        for picture, frame in zip(pictures, frames, strict=True):
            if self.counts[frame]:
                part = picture[self._field.rows, self._field.columns].astype(np.float32)
                could += 1
                right += int(self._read(part) == self._field.label[frame])
        return right, could

    def _read(self, part: NDArray[np.float32]) -> int:
        far = ((self._templates - part) ** 2).sum(axis=(1, 2))
        return int(self.labels[int(far.argmin())])
