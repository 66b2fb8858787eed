"""Run an encoder on a torch device. This module is a door to torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray


def encode_on(encode: Callable[[Any], Any], pictures: NDArray[np.uint8], device: str) -> NDArray[Any]:
    """Call an encoder with a tensor of pictures on a device, without gradients; return values as an array.

    bfloat16 values, which NumPy does not have, become float32.
    """
    with torch.inference_mode():
        values = torch.as_tensor(encode(torch.from_numpy(pictures).to(device)))
        if values.dtype == torch.bfloat16:
            values = values.float()
        array: NDArray[Any] = values.cpu().numpy()
    return array
