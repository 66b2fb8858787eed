"""Put a small picture of a game that is being rendered on the store every few seconds, for people."""

from __future__ import annotations

import base64
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from manifests.live.notes import GameNote, put_note, remove_game_note
from manifests.store.contract import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy.typing as npt

    from manifests.store.contract import Store
    from workers.emulator.contract import Picture

WIDTH: Final = 160  # columns of the small picture; its height follows from the picture's shape
_QUALITY: Final = 70
_STEP: Final = 16  # every 16th pixel each way is enough to detect black and frozen pictures, in microseconds
_DARK_LUMA: Final = 40  # black is 16
_LIT_SHARE: Final = 0.1  # share of pixels: a frame stamp on a black picture lights up fewer


class LiveView:
    """Looks at each picture of a game, and puts a note on the store every few seconds.

    Args:
        store: the dataset's store. Notes that it refuses are left out, as nothing depends on a note.
        game_id: the game's id.
        num_frames: frames of the whole game.
        seconds: least time between two notes.
        clock: returns the seconds since the epoch.
    """

    def __init__(
        self, store: Store, game_id: str, num_frames: int, seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._store, self._game_id, self._num_frames = store, game_id, num_frames
        self._seconds, self._clock = seconds, clock
        self._noted_at, self._noted_shown = clock(), 0
        self._is_noted = False
        self._sparse: npt.NDArray[np.uint8] | None = None
        self._dark = self._still = 0

    def __call__(self, picture: Picture) -> None:
        """Look at the next picture; put a note if the time has come."""
        sparse = picture.yuv[: picture.height : _STEP, ::_STEP].copy()
        is_dark = float((sparse > _DARK_LUMA).mean()) < _LIT_SHARE
        self._dark = self._dark + 1 if is_dark else 0
        is_same = self._sparse is not None and np.array_equal(sparse, self._sparse)
        self._still = self._still + 1 if is_same else 0
        self._sparse = sparse
        now = self._clock()
        if not self._is_noted or now >= self._noted_at + self._seconds:
            self._put(picture, now)

    def _put(self, picture: Picture, now: float) -> None:
        num_shown = picture.capture_index + 1
        note = GameNote(
            self._game_id,
            taken_at=now,
            num_shown=num_shown,
            num_frames=self._num_frames,
            frames_per_second=round((num_shown - self._noted_shown) / max(now - self._noted_at, 1e-3), 1),
            dark_frames=self._dark,
            still_frames=self._still,
            jpeg=base64.b64encode(small_jpeg(picture.yuv)).decode(),
        )
        with suppress(StoreFailed):
            put_note(self._store, note)
        self._noted_at, self._noted_shown, self._is_noted = now, num_shown, True


@contextmanager
def live_view(
    store: Store, game_id: str, num_frames: int, seconds: float
) -> Iterator[Callable[[Picture], None]]:
    """Yield a function to call with each picture of a game; the game's note is removed afterwards.

    Args:
        store: the dataset's store.
        game_id: the game's id.
        num_frames: frames of the whole game.
        seconds: least time between two notes; 0 to put none.
    """
    if seconds <= 0:
        yield lambda _picture: None
        return
    view = LiveView(store, game_id, num_frames, seconds)
    try:
        yield view
    finally:
        with suppress(StoreFailed):
            remove_game_note(store, game_id)


def small_jpeg(yuv: npt.NDArray[np.uint8]) -> bytes:
    """Make a JPEG, WIDTH columns wide, of a picture in packed I420, uint8 [H * 3 / 2, W]."""
    colours = cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420)
    height = round(colours.shape[0] * WIDTH / colours.shape[1])
    small = cv2.resize(colours, (WIDTH, height), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
