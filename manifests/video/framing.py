"""Framing: the part of a video's pictures that is decoded, and the size of the result."""

from __future__ import annotations

from dataclasses import dataclass

_NUM_EDGES = 4
_MOST_PIXELS = (
    16384  # pixels a side: far beyond any screen, but a typing error is refused before memory is allocated
)


@dataclass(frozen=True, slots=True)
class Framing:
    """A part of every picture, and the size to which it is resized during decoding.

    Attributes:
        size: (height, width) of the resulting pictures, in pixels, both even and at most 16384; None to keep
            the size of the part.
        crop: (top, left, height, width) of the part, in pixels of the video, all even, since two pixels
            share their colour; None for whole pictures.

    Raises:
        ValueError: a number is not whole, not even, negative, or zero where there must be pixels.
    """

    size: tuple[int, int] | None = None
    crop: tuple[int, int, int, int] | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not (_are_even(self.size, 2) and min(self.size) > 0):
            message = f"size is (height, width) in pixels, both even and above 0; got {self.size!r}"
            raise ValueError(message)
        if self.size is not None and max(self.size) > _MOST_PIXELS:
            message = f"size is (height, width) in pixels, at most {_MOST_PIXELS} each; got {self.size!r}"
            raise ValueError(message)
        if self.crop is not None and not (_are_even(self.crop, _NUM_EDGES) and min(self.crop[2:]) > 0):
            message = (
                "crop is (top, left, height, width) in pixels, all even, the last two above 0; got "
                f"{self.crop!r}"
            )
            raise ValueError(message)

    @property
    def is_whole(self) -> bool:
        """Whether pictures are decoded exactly as they are in the video."""
        return self.size is None and self.crop is None

    def output(self, width: int, height: int) -> tuple[int, int]:
        """Return width and height of the result, for a video of the given width and height.

        Raises:
            ValueError: the crop reaches beyond the picture.
        """
        if self.crop is not None:
            top, left, rows, columns = self.crop
            if top + rows > height or left + columns > width:
                message = (
                    f"crop (top, left, height, width) = {self.crop} reaches beyond pictures of "
                    f"{height} rows and {width} columns"
                )
                raise ValueError(message)
            height, width = rows, columns
        return (width, height) if self.size is None else (self.size[1], self.size[0])


def _are_even(values: object, count: int) -> bool:
    if not isinstance(values, tuple | list) or len(values) != count:
        return False
    are_whole = all(isinstance(one, int) and not isinstance(one, bool) for one in values)
    return are_whole and all(one >= 0 and one % 2 == 0 for one in values)


WHOLE = Framing()
"""The framing that leaves pictures as they are in the video."""
