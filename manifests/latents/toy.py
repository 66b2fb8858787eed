"""A toy encoder, which shows what an encoder is: the mean colour of each field of a coarse grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ROWS, _COLUMNS = 6, 8


def grid(pictures: Any) -> Any:
    """Encode pictures, uint8 [N, 3, H, W] (an array or a tensor), as float16 [N, 3, 6, 8], from 0 to 1."""
    values: NDArray[np.uint8] = np.asarray(pictures.cpu() if hasattr(pictures, "cpu") else pictures)
    count, channels, height, width = values.shape
    # Pixels that do not fill a whole field are left out at the right and at the bottom.
    rows, columns = height // _ROWS, width // _COLUMNS
    fields = values[:, :, : rows * _ROWS, : columns * _COLUMNS]
    fields = fields.reshape(count, channels, _ROWS, rows, _COLUMNS, columns)
    return (fields.mean(axis=(3, 5), dtype=np.float32) / 255).astype(np.float16)
