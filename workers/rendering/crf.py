"""Says which constant qualities (CRF) of x264 the video contract allows; importing it loads no encoder."""

from __future__ import annotations

from typing import Final

MIN_CRF: Final = 1.0
"""Hardly any loss. From a little below it, x264 is lossless, which the contract's profile does not know."""

MAX_CRF: Final = 51.0
"""The coarsest that x264 has."""
