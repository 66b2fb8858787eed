"""Find out whether a GPU or the processor draws here, with an emulator's display and environment."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.emulator.drawing import (
    PRELOAD,
    Drawing,
    Hardware,
    choose_drawing,
    llvmpipe_variables,
    remedy_for,
)
from workers.emulator.gl_probe import renderer
from workers.emulator.xvfb import xvfb
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.emulator.drawing import RendererChoice

_DEVICES: Final = Path("/dev")
_PATTERNS: Final = ("dri/renderD*", "nvidia[0-9]*")
_SIDE: Final = 64  # width and height, in pixels, of the display used for asking


@cache
def drawing_here(choice: RendererChoice) -> Drawing:
    """Return the decision who draws on this machine; the drivers are asked once per process.

    Raises:
        EnvironmentFailed: a GPU was chosen but none draws, or there is no display.
    """
    drawing = choose_drawing(choice, hardware := hardware_here(), os.environ, renderer_with)
    if choice == "auto" and not drawing.is_gpu and not hardware.is_bare:
        sys.stderr.write(f"slippi: the processor draws: {drawing.why}; {remedy_for(hardware)}\n")
    return drawing


def renderer_here(choice: RendererChoice) -> str:
    """Return the renderer of an emulator on this machine, by its driver's own name.

    Raises:
        EnvironmentFailed: nothing draws, or a GPU was chosen but none draws.
    """
    drawing = drawing_here(choice)
    return drawing.renderer or renderer_with(drawing.variables)


def emulator_variables(drawing: Drawing, rows: int, emulators: int | None) -> dict[str, str]:
    """Return the variables to add to an emulator's environment so that it is drawn for in this way.

    Args:
        drawing: the decision who draws.
        rows: rows of a picture.
        emulators: how many emulators run side by side; None if unknown.
    """
    if drawing.is_gpu:
        return dict(drawing.variables)
    cores = float(len(os.sched_getaffinity(0)))
    return {**drawing.variables, **llvmpipe_variables(rows, cores, emulators, os.environ)}


def require_still_drawing(drawing: Drawing) -> None:
    """Check, after an emulator failed, that the GPU which drew for it still draws.

    Raises:
        EnvironmentFailed: the GPU no longer draws, so the failure says nothing about the replay.
    """
    try:
        now = renderer_with(drawing.variables)
    except EnvironmentFailed as error:
        now = str(error)
    if now != drawing.renderer:
        message = (
            f"the GPU that drew here, {drawing.renderer}, no longer does: {now}; restart this machine, or "
            "take --renderer cpu"
        )
        raise EnvironmentFailed(message)


def hardware_here() -> Hardware:
    """Look for this machine's graphics drivers and cards."""
    cards = [str(path) for pattern in _PATTERNS for path in sorted(_DEVICES.glob(pattern))]
    return Hardware(
        has_nvidia=ctypes.util.find_library("GLX_nvidia") is not None,
        has_virtualgl=shutil.which("vglrun") is not None,
        cards=tuple(cards),
    )


def renderer_with(variables: Mapping[str, str]) -> str:
    """Return the renderer of a display like an emulator's, with these variables added to our own.

    Raises:
        EnvironmentFailed: nothing draws, or there is no display.
    """
    with tempfile.TemporaryDirectory() as folder, xvfb(_SIDE, _SIDE, Path(folder)) as display:
        return renderer(joined({**os.environ, "DISPLAY": display}, variables))


def joined(environment: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Add variables to an environment; libraries that either preloads are all preloaded, its own first."""
    both = [each[PRELOAD] for each in (environment, variables) if each.get(PRELOAD)]
    preload = {PRELOAD: ":".join(both)} if both else {}
    return {**environment, **variables, **preload}
