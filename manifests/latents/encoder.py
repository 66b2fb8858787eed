"""Find a user's encoder by its name, and run it on pictures, in NumPy or on a torch device."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from manifests.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Encode: TypeAlias = Callable[[Any], Any]
"""The user's function: takes pictures, uint8 [N, 3, H, W] (array or tensor), and gives N values, [N, ...]."""


class EncoderRefused(DatasetError):  # noqa: N818
    """The encoder does not exist, or does not give a value for each picture."""


def load_encoder(name: str) -> Encode:
    """Import the function that MODULE:FUNCTION names; the function may be an attribute of an object.

    Raises:
        EncoderRefused: there is no such module or function, or it cannot be called.
    """
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        message = f"an encoder is MODULE:FUNCTION, such as my_model:encode; got {name!r}"
        raise EncoderRefused(message)
    try:
        found: Any = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ModuleNotFoundError, AttributeError) as error:
        message = f"encoder {name!r}: {error}; the module must be in this folder, or installed"
        raise EncoderRefused(message) from error
    if not callable(found):
        message = f"encoder {name!r} is a {type(found).__name__}, and cannot be called"
        raise EncoderRefused(message)
    encode: Encode = found
    return encode


def encode_pictures(encode: Encode, pictures: NDArray[np.uint8], device: str | None) -> NDArray[Any]:
    """Run an encoder on one batch.

    Args:
        encode: the user's function.
        pictures: uint8 [N, 3, H, W].
        device: torch device to put a tensor of the pictures on; None to pass them as an array.

    Returns:
        The values, [N, ...], in the encoder's dtype.

    Raises:
        EncoderRefused: the encoder gave something else.
        ModuleNotFoundError: a device is given, and torch is not installed.
    """
    if device is None:
        values = np.asarray(encode(pictures))
    else:
        from manifests.latents.torch_device import encode_on  # noqa: PLC0415 - torch is an extra

        values = encode_on(encode, pictures, device)
    if values.shape[:1] != pictures.shape[:1] or values.dtype.kind not in "fiub":
        message = (
            f"the encoder gave {values.dtype} {list(values.shape)} for {pictures.shape[0]} pictures; it "
            f"should give numbers [{pictures.shape[0]}, ...]"
        )
        raise EncoderRefused(message)
    return values
