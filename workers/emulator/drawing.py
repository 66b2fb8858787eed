"""Decide whether a GPU or the processor draws for Slippi's Dolphin, and the environment variables for it.

    what the driver calls itself -> is it software?       what was asked for + probes -> Drawing

The functions are pure, except for the probe that is passed in. Xvfb alone never draws on a GPU: each way
below makes OpenGL do so on one kind of machine, and none is trusted before the driver has been asked.
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
"""The name under which a fingerprint records the GPU that drew; it is left out if the processor draws."""

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
"""With fewer cores than this per emulator, its single emulation thread already uses all of them."""


def is_software(renderer: str) -> bool:
    """Return whether an OpenGL renderer, by its own name, is software on the processor and not a GPU."""
    name = renderer.lower()
    return not name.strip() or any(word in name for word in _SOFTWARE)


@dataclass(frozen=True, slots=True)
class GpuWay:
    """One way to make OpenGL draw on a GPU under Xvfb.

    Attributes:
        name: a word for it.
        variables: the variables that the emulator's environment must have for it.
    """

    name: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hardware:
    """The drivers and graphics cards that were found on a machine.

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
        """Whether only the processor can draw here."""
        return not (self.has_nvidia or self.has_virtualgl or self.cards)


def gpu_ways(hardware: Hardware, environment: Mapping[str, str]) -> tuple[GpuWay, ...]:
    """Return the ways worth trying on a machine, in order: the user's own set-up comes first.

    Args:
        hardware: the drivers and cards of the machine.
        environment: the user's own variables; VGL_DISPLAY names the card, or the X server, to draw on.
    """
    ways = [GpuWay("as the environment says")]
    if hardware.has_nvidia:
        ways.append(GpuWay("nvidia", _NVIDIA))
    if hardware.has_virtualgl:
        display = environment.get("VGL_DISPLAY", "egl")
        # The emulator reads pictures back itself; copying them to the display as well would only cost time.
        ways.append(GpuWay("virtualgl", {"VGL_DISPLAY": display, "VGL_READBACK": "none", PRELOAD: _FAKER}))
    return tuple(ways)


@dataclass(frozen=True, slots=True)
class Drawing:
    """The decision whether a GPU or the processor draws, and how.

    Attributes:
        renderer: the driver's own name; "" if it was not asked, because there is only the processor.
        way: the name of the way by which a GPU draws; "" for the processor.
        variables: the variables that the emulator's environment must have.
        why: the end of a sentence that tells people the reason for this choice.
    """

    renderer: str
    way: str
    variables: Mapping[str, str]
    why: str

    @property
    def is_gpu(self) -> bool:
        """Whether a GPU draws, according to its driver."""
        return bool(self.way)


def choose_drawing(
    choice: RendererChoice,
    hardware: Hardware,
    environment: Mapping[str, str],
    probe: Callable[[Mapping[str, str]], str],
) -> Drawing:
    """Decide whether a GPU or the processor draws.

    Args:
        choice: the user's choice. `auto` uses a GPU if one is seen to draw, `gpu` insists on one.
        hardware: the drivers and cards of the machine.
        environment: the user's own variables.
        probe: returns the renderer of a display with these additional variables; raises EnvironmentFailed.

    Raises:
        EnvironmentFailed: `gpu` was chosen, but no GPU draws; the text gives the result of each way.
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
    """Return advice for this kind of machine on how to make a GPU draw."""
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
    """Return variables that make llvmpipe use few threads, unless the user's own variables decide.

    By itself llvmpipe starts a thread for each core in every emulator. Measured in Slippi's Dolphin, at 480
    rows one thread takes least CPU time and is as fast as more; at 1440 rows two draw nearly twice as fast.

    Args:
        rows: rows of a picture.
        cores: cores of this machine, or of its container.
        emulators: how many emulators run side by side; None if unknown.
        environment: the user's own variables, which take precedence.
    """
    share = cores / emulators if emulators else cores
    is_worth_two = rows >= _MANY_ROWS and share >= _CORES_PER_EMULATOR
    chosen = {"LP_NUM_THREADS": "2" if is_worth_two else "1", "mesa_glthread": "false"}
    return {name: value for name, value in chosen.items() if name not in environment}
