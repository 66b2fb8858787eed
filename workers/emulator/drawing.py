"""Decides who draws for Slippi's Dolphin, a GPU or the processor, and by what environment.

    what the driver calls itself -> is it software?       what was asked for + probes -> Drawing

Pure, but for the probe that is handed in. Xvfb alone never draws on a GPU: each way below makes OpenGL do so
on one kind of machine, and none is believed before the driver has been asked.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - dataclass fields are resolved by their users
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

RendererChoice: TypeAlias = Literal["auto", "gpu", "cpu"]
RENDERER_CHOICES: Final[tuple[RendererChoice, ...]] = ("auto", "gpu", "cpu")
RENDERER_NAME: Final = "renderer"
"""The name under which a fingerprint says which GPU drew. Where the processor draws, it says nothing."""

_SOFTWARE: Final = (
    "llvmpipe", "softpipe", "swrast", "software", "lavapipe", "swiftshader", "openswr", "swr (",
    "basic render", "mesa x11", "mesa offscreen",
)  # fmt: skip
_NVIDIA: Final = {"__GLX_VENDOR_LIBRARY_NAME": "nvidia", "__GL_SYNC_TO_VBLANK": "0"}
_MESA: Final = {"__GLX_VENDOR_LIBRARY_NAME": "mesa", "LIBGL_ALWAYS_SOFTWARE": "1"}
PRELOAD: Final = "LD_PRELOAD"
_FAKER: Final = "libdlfaker.so:libvglfaker.so"
_MANY_ROWS: Final = 960
_CORES_PER_EMULATOR: Final = 1.5
"""Where an emulator has fewer cores than this, its one thread of emulation already fills what there is."""


def is_software(renderer: str) -> bool:
    """Return whether an OpenGL renderer, as it calls itself, is a program on the processor and no GPU."""
    name = renderer.lower()
    return not name.strip() or any(word in name for word in _SOFTWARE)


@dataclass(frozen=True, slots=True)
class GpuWay:
    """One way to make OpenGL draw on a GPU under Xvfb.

    Attributes:
        name: a word for it.
        variables: what the emulator's environment must hold for it.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a machine shows that has to do with GPUs.

    Attributes:
        has_nvidia: whether NVIDIA's GLX library is installed.
        has_virtualgl: whether VirtualGL is installed.
        cards: device files of graphics cards, e.g. "/dev/dri/renderD128", "/dev/nvidia0".
    """

    has_nvidia: bool = False
    has_virtualgl: bool = False
    cards: tuple[str, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether nothing here can draw but the processor."""
        return not (self.has_nvidia or self.has_virtualgl or self.cards)


def gpu_ways(hardware: Hardware, environment: Mapping[str, str]) -> tuple[GpuWay, ...]:
    """Return the ways worth trying on a machine, in order: what the user has set up goes first.

    Args:
        hardware: what the machine shows.
        environment: the user's own variables; VGL_DISPLAY there names the card, or the X server, to draw on.
    """
    ways = [GpuWay("as the environment says")]
    if hardware.has_nvidia:
        ways.append(GpuWay("nvidia", _NVIDIA))
    if hardware.has_virtualgl:
        display = environment.get("VGL_DISPLAY", "egl")
        # Pictures are read back by the emulator: copying them to the display, too, would only cost time.
        ways.append(GpuWay("virtualgl", {"VGL_DISPLAY": display, "VGL_READBACK": "none", PRELOAD: _FAKER}))
    return tuple(ways)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Who draws.

    Attributes:
        renderer: what the driver calls itself; "" where nobody asked it, since nothing but the processor is
            there.
        way: by which of the ways it is a GPU; "" for the processor.
        variables: what the emulator's environment must hold.
        why: the end of a sentence that says why it is this one, for people.
    """

    renderer: str
    way: str
    variables: Mapping[str, str]
    why: str

    @property
    def is_gpu(self) -> bool:
        """Whether a GPU draws, by the word of its driver."""
        return bool(self.way)


def choose_drawing(
    choice: RendererChoice,
    hardware: Hardware,
    environment: Mapping[str, str],
    probe: Callable[[Mapping[str, str]], str],
) -> Drawing:
    """Find out who is to draw.

    Args:
        choice: what was asked for. `auto` takes a GPU if one is seen to draw, `gpu` insists on it.
        hardware: what the machine shows.
        environment: the user's own variables.
        probe: returns what draws on a display with these variables besides; raises EnvironmentFailed.

    Raises:
        EnvironmentFailed: `gpu` was asked for and none draws; the text says what each way gave.
    """
    if choice == "cpu":
        return Drawing("", "", _MESA, "as asked for")
    if choice == "auto" and hardware.is_bare:
        return Drawing("", "", {}, "no GPU is to be seen here")
    tried: list[str] = []
    for way in gpu_ways(hardware, environment):
        try:
            renderer = probe(way.variables)
        except EnvironmentFailed as error:
            tried.append(f"{way.name}: {error}")
            continue
        if not is_software(renderer):
            return Drawing(renderer, way.name, way.variables, f"by the way {way.name!r}")
        tried.append(f"{way.name}: {renderer} is the processor")
    if choice == "gpu":
        message = f"no GPU draws here ({', '.join(tried)}); {remedy_for(hardware)}"
        raise EnvironmentFailed(message)
    return Drawing("", "", _MESA, f"a GPU is here, but none draws ({', '.join(tried)})")


def remedy_for(hardware: Hardware) -> str:
    """Return what to do on this kind of machine so that a GPU draws."""
    if any("nvidia" in card for card in hardware.cards) and not hardware.has_nvidia:
        return (
            "the container has the card but not its OpenGL driver: start it with "
            "NVIDIA_DRIVER_CAPABILITIES=all (docker run --gpus all -e ...), or install libnvidia-gl"
        )
    if hardware.cards and not hardware.has_virtualgl:
        return "install VirtualGL, which draws on the card without an X server (dolphin_configs/README.md)"
    if hardware.is_bare:
        return "there is no card: take --renderer cpu"
    return 'see who draws by hand: dolphin_configs/README.md, "Many at a time"'


def llvmpipe_variables(
    rows: int, cores: float, emulators: int | None, environment: Mapping[str, str]
) -> dict[str, str]:
    """Return what makes llvmpipe use few threads, where the user's own variables do not say.

    By itself it starts a thread for each core in every emulator. Measured in Slippi's Dolphin, at 480 rows
    one thread takes least CPU time and is as fast as more; at 1440 rows two draw nearly twice as fast.

    Args:
        rows: rows of a picture.
        cores: cores of this machine, or of its container.
        emulators: how many run side by side; None where nobody said.
        environment: the user's own variables, which win.
    """
    share = cores / emulators if emulators else cores
    is_worth_two = rows >= _MANY_ROWS and share >= _CORES_PER_EMULATOR
    chosen = {"LP_NUM_THREADS": "2" if is_worth_two else "1", "mesa_glthread": "false"}
    return {name: value for name, value in chosen.items() if name not in environment}
