"""Ask a display which OpenGL driver draws on it, in a process of its own: `python -m ...gl_probe`.

A broken driver crashes the process that asks it, so a separate process is used.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

_RGBA, _DEPTH_SIZE, _DOUBLE_BUFFER = 4, 12, 5  # GLX visual attributes
_RENDERER, _VERSION = 0x1F01, 0x1F02
_SECONDS: Final = 60


def renderer(environment: Mapping[str, str]) -> str:
    """Name what draws on this environment's DISPLAY, e.g. "llvmpipe (LLVM 15.0.6, 256 bits), OpenGL 4.5".

    Raises:
        EnvironmentFailed: nothing draws; the text says why.
    """
    command = [sys.executable, "-P", "-m", "workers.emulator.gl_probe"]
    try:
        done = subprocess.run(
            command,
            env=dict(environment),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        message = f"OpenGL did not answer within {_SECONDS} s"
        raise EnvironmentFailed(message) from error
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        message = f"no OpenGL on this display: {said[0]}"
        raise EnvironmentFailed(message)
    return done.stdout.strip()


def _library(name: str) -> ctypes.CDLL:
    found = ctypes.util.find_library(name)
    if found is None:
        sys.exit(f"lib{name} is not installed")
    return ctypes.CDLL(found)


def _probe() -> str:
    x11, gl = _library("X11"), _library("GL")
    pointer = ctypes.c_void_p
    x11.XOpenDisplay.restype = pointer
    gl.glXChooseVisual.restype = gl.glXCreateContext.restype = pointer
    gl.glGetString.restype = ctypes.c_char_p
    display = pointer(x11.XOpenDisplay(None))
    if not display:
        sys.exit(f"display {os.environ.get('DISPLAY')!r} cannot be opened")
    wanted = (ctypes.c_int * 5)(_RGBA, _DOUBLE_BUFFER, _DEPTH_SIZE, 24, 0)
    visual = pointer(gl.glXChooseVisual(display, x11.XDefaultScreen(display), wanted))
    if not visual:
        sys.exit("the display offers no OpenGL visual (GLX)")
    context = pointer(gl.glXCreateContext(display, visual, None, 1))
    window = x11.XDefaultRootWindow(display)
    if not context or not gl.glXMakeCurrent(display, ctypes.c_ulong(window), context):
        sys.exit("no OpenGL context could be made")
    return f"{gl.glGetString(_RENDERER).decode()}, OpenGL {gl.glGetString(_VERSION).decode().split()[0]}"


if __name__ == "__main__":
    sys.stdout.write(_probe() + "\n")
