"""Notice when a playback goes wrong. Slippi's Dolphin fails silently: it waits, repeats itself or exits.

    lines, images, the passing of time -> nothing, or EmulatorFailed that names one of the known failures

The code is pure: the time is passed in. Each case below was provoked on the real program;
`dolphin_configs/README.md` lists them.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, NoReturn

from manifests.ledger.reasons import Reason
from manifests.state.schema import FIRST_SLP_FRAME
from workers.emulator import slippi_lines
from workers.emulator.contract import TAIL_PICTURES
from workers.errors import EmulatorFailed, EnvironmentFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.emulator.contract import Deadlines

MAX_REPEATS: Final = 240
"""How often one frame may be asked for before this counts as waiting for ever; once is usual."""

_REFUSED_TO_BOOT: Final = -signal.SIGABRT
_NO_DISPLAY: Final = 255
_GAME_REFUSED: Final = (
    "Slippi's Dolphin refused the game and aborted without a word: it plays Melee NTSC 1.02 alone "
    "(farm doctor --emulator slippi --game-image FILE looks at yours)"
)


class PlaybackWatch:
    """Watches one playback for failures.

    Args:
        num_frames: frames of the game, from slp_frame -123 on.
        deadlines: how long to wait.
        now: the time at the start, in seconds.
        said: returns the last line that the emulator wrote to stderr, "" if none.

    Attributes:
        num_shown: number of pictures given to the consumer; only for messages.
        current_slp_frame: the newest frame that was asked for; None before the first.
        is_over: whether the frame after the last was asked for, so that all frames of the game were played.
    """

    def __init__(
        self, num_frames: int, deadlines: Deadlines, now: float, said: Callable[[], str] = lambda: ""
    ) -> None:
        self.num_shown = 0
        self._said = said
        self.current_slp_frame: int | None = None
        self.is_over = False
        self._last = FIRST_SLP_FRAME + num_frames - 1
        self._num_pictures = num_frames + TAIL_PICTURES
        self._deadlines = deadlines
        self._started = now
        self._progress = now
        self._opened = False
        self._is_game_shown = False
        self._num_images = 0
        self._num_repeats = 0

    def line(self, text: str) -> None:
        """Take note of a printed line.

        Raises:
            EmulatorFailed: the line shows that this playback cannot become the wanted game.
        """
        line = slippi_lines.parse_line(text)
        if line is None:
            return
        if line.tag == slippi_lines.FILE_PATH:
            self._opened = True
        elif line.tag == slippi_lines.NO_GAME:
            self._fail(
                Reason.EMULATOR_STALLED, "it says that there is no game to play; the comm file was not taken"
            )
        elif line.number is None:
            return
        elif line.tag == slippi_lines.GAME_END_FRAME and line.number < self._last:
            self._fail(
                Reason.EMULATOR_STALLED,
                f"it reads the replay only up to slp_frame {line.number}, the last one is {self._last}",
            )
        elif line.tag == slippi_lines.PLAYBACK_END_FRAME and line.number != self._last:
            self._fail(
                Reason.EMULATOR_STALLED, f"it means to stop at slp_frame {line.number}, not {self._last}"
            )
        elif line.tag == slippi_lines.CURRENT_FRAME:
            self._request(line.number)

    def image(self, now: float) -> None:
        """Take note of an image, which counts as progress only during the game."""
        self._num_images += 1
        if self.current_slp_frame is not None:
            self._is_game_shown = True
            self._progress = now

    def idle(self, now: float) -> None:
        """Check the deadlines, because nothing came for a moment.

        Raises:
            EmulatorFailed: a deadline has passed.
        """
        limits = self._deadlines
        if now - self._started > limits.total_seconds:
            message = f"it was not done within {limits.total_seconds:g} s, {self._where()}"
            self._fail(Reason.EMULATOR_TIMEOUT, message)
        if not self._is_game_shown:
            if now - self._started > limits.startup_seconds:
                self._fail(Reason.EMULATOR_STALLED, self._why_not_started())
        elif now - self._progress > limits.progress_seconds:
            self._fail(Reason.EMULATOR_STALLED, self._why_stalled())

    def skip(self, seconds: float) -> None:
        """Do not count these seconds as lack of progress: the consumer was busy with a picture."""
        self._progress += seconds

    def exited(self, status: int) -> NoReturn:
        """Raise the error for an exit of the emulator, which never exits by itself in a good playback.

        Args:
            status: the exit status, as in subprocess: negative for a signal.

        Raises:
            EnvironmentFailed: the emulator could not run here at all.
            EmulatorFailed: the emulator failed in the middle.
        """
        has_begun = self._num_images > 0 or self._opened
        if status == _NO_DISPLAY and not has_begun:
            message = f"Slippi's Dolphin found no display: Xvfb ended or GTK is incomplete{self._tail()}"
            raise EnvironmentFailed(message)
        if status == _REFUSED_TO_BOOT and not has_begun:
            raise EnvironmentFailed(_GAME_REFUSED + self._tail())
        if status < 0:
            how = f"was killed by {signal.Signals(-status).name}"
        else:
            how = f"exited by itself with status {status}"
        if not has_begun:
            how += " before it showed anything: a graphics driver that crashes looks like this"
        self._fail(Reason.EMULATOR_EXIT, f"it {how}, {self._where()}")

    def _request(self, slp_frame: int) -> None:
        before = self.current_slp_frame
        if slp_frame == before:
            self._num_repeats += 1
            if self._num_repeats >= MAX_REPEATS:
                self._fail(
                    Reason.EMULATOR_STALLED,
                    f"it asked for slp_frame {slp_frame} {self._num_repeats} times: the replay has no such "
                    "frame and no end either (cut off while it was written)",
                )
            return
        expected = FIRST_SLP_FRAME if before is None else before + 1
        if slp_frame != expected:
            self._fail(
                Reason.EMULATOR_STALLED, f"it jumped to slp_frame {slp_frame} where {expected} comes next"
            )
        self.current_slp_frame = slp_frame
        self.is_over = slp_frame > self._last
        self._num_repeats = 0

    def _why_not_started(self) -> str:
        nothing = f"no picture within {self._deadlines.startup_seconds:g} s"
        if self.current_slp_frame is not None:
            return f"{nothing} although the game runs, {self._where()}: is the dump's folder gone or full?"
        if self._opened:
            return (
                f"{nothing}: it opened the replay but asked for no frame; its bytes are no complete .slp, "
                "or the game never left its waiting screen"
            )
        if self._num_images:
            return (
                f"{nothing} but {self._num_images} of its waiting screen: it opened no replay; "
                "the comm file or the replay cannot be read, or this is no playback build"
            )
        return f"{nothing}, nor a line: it hangs at startup; is OpenGL working here?"

    def _why_stalled(self) -> str:
        nothing = f"it showed nothing new within {self._deadlines.progress_seconds:g} s"
        if self.is_over:
            return (
                f"{nothing} although the game is over: the pictures of its end are missing, {self._where()}"
            )
        return f"{nothing}, {self._where()}"

    def _where(self) -> str:
        seen = f"{self.num_shown} of {self._num_pictures} pictures seen"
        if self.current_slp_frame is None:
            return seen
        return f"{seen}, slp_frame {self.current_slp_frame} of {self._last} asked for"

    def _tail(self) -> str:
        said = self._said()
        return f"; it last said: {said}" if said else ""

    def _fail(self, reason: Reason, detail: str) -> NoReturn:
        message = f"slippi playback failed: {detail}{self._tail()}"
        raise EmulatorFailed(reason, message)
