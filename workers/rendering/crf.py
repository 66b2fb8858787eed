"""The constant qualities (CRF) of x264 that the video contract allows; importing this loads no encoder."""

from __future__ import annotations

from typing import Final

MIN_CRF: Final = 1.0
"""Hardly any loss. A little below this value x264 is lossless, which the contract's profile cannot do."""

MAX_CRF: Final = 51.0
"""The coarsest quality of x264."""
