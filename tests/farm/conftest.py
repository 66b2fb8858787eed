"""Makes the doubles importable by name, here and in the worker processes that tests start."""

from __future__ import annotations

import sys
from pathlib import Path

DOUBLES = str(Path(__file__).parent / "doubles")
if DOUBLES not in sys.path:
    sys.path.insert(0, DOUBLES)  # local pools hand sys.path on to their processes
