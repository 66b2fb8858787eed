"""Compares two datasets: which games are in both, and how alike their pictures are, frame by frame."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from farm.browse.game.pairs import describe_game
from farm.browse.pictures.frames import pictures_of
from farm.browse.states.curves import CurvesUnavailable
from manifests.errors import DatasetError
from manifests.ledger.dataset import read_description
from manifests.ledger.entry import read_entry
from manifests.snapshot.reader import open_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from farm.browse.queries.library import Library
    from manifests.ledger.entry import LedgerEntry
    from manifests.store.contract import Store

MOST_COMPARED: Final = 300
"""Most frames that are compared for one answer."""
MOST_SPAN: Final = 6000
"""Most frames that are decoded for one answer."""
_DECIMALS: Final = 5


class NothingToCompare(DatasetError):  # noqa: N818 - named like its siblings
    """A dataset has no pictures, so it cannot be compared."""


class Comparison:
    """Two datasets, whose games are matched by game_id, or else by equal state of the whole game.

    Args:
        library: the first dataset's library.
        other: the other dataset's store.

    Raises:
        NothingToCompare: one of the two has no pictures.
        DatasetError: the other is no dataset, or it is not finalized yet.
    """

    def __init__(self, library: Library, other: Store) -> None:
        self.library, self.other = library, other
        columns = ["game_id", "state_sha256"]
        self._others = open_manifest(other).table("games", columns)
        self.descriptions = (read_description(library.store), read_description(other))
        for store, description in zip((library.store, other), self.descriptions, strict=True):
            if description.video is None:
                message = f"{store.url} is a dataset of states alone; two with pictures can be compared"
                raise NothingToCompare(message)

    @cached_property
    def pairs(self) -> dict[str, str]:
        """Map the game_id of every game that is in both datasets to its game_id in the other dataset."""
        theirs: list[str] = self._others["game_id"].to_pylist()
        by_state = dict(zip(self._others["state_sha256"].to_pylist(), theirs, strict=True))
        known = set(theirs)
        rows = self.library.rows("SELECT game_id, state_sha256 FROM games ORDER BY game_id", [])
        found = {
            row["game_id"]: row["game_id"] if row["game_id"] in known else by_state.get(row["state_sha256"])
            for row in rows
        }
        return {one: other for one, other in found.items() if other is not None}

    def games(self, text: str, limit: int = 100) -> dict[str, Any]:
        """List the games that are in both datasets and whose ids begin with a text; JSON-ready.

        There are at most `limit` of them.
        """
        chosen = [game_id for game_id in self.pairs if game_id.startswith(text)]
        rows = self.library.rows(
            "SELECT game_id, stage_name, characters, num_frames, video_bytes FROM games "
            "WHERE list_contains(?, game_id) ORDER BY game_id",
            [chosen[:limit]],
        )
        return {
            "num_pairs": len(self.pairs),
            "num_games": [len(self.library.game_ids), self._others.num_rows],
            "num_found": len(chosen),
            "games": [{**row, "other_id": self.pairs[row["game_id"]]} for row in rows],
            "text": text,
            "datasets": self.datasets(),
        }

    def datasets(self) -> list[dict[str, Any]]:
        """Describe the two datasets, JSON-ready: address, emulator, size, CRF, preset, pictures a second."""
        told = []
        for store, description in zip((self.library.store, self.other), self.descriptions, strict=True):
            video = description.video
            size = "no pictures" if video is None else f"{video.width} x {video.height}"
            how = "" if video is None else f"CRF {video.crf:g}, {video.preset}, {video.fps} pictures a second"
            told.append({"url": store.url, "emulator": description.emulator, "size": size, "how": how})
        return told

    def page(self, game_id: str) -> dict[str, Any] | None:
        """Return everything that the page of one game needs, JSON-ready; None if not in both datasets."""
        row, other_id = self.library.game(game_id), self.pairs.get(game_id)
        if row is None or other_id is None:
            return None
        ours, theirs = describe_game(self.library.store, game_id), describe_game(self.other, other_id)
        if ours is None or theirs is None:
            return None
        return {
            "game_id": game_id,
            "other_id": other_id,
            "stage_name": row["stage_name"],
            "characters": row["characters"],
            "num_frames": row["num_frames"],
            "sides": [ours, theirs],
            "datasets": self.datasets(),
        }

    def ssim(self, game_id: str, start: int, exclusive_end: int, every: int) -> dict[str, Any]:
        """Compare the brightness of both datasets' pictures at every n-th frame of a range; JSON-ready.

        The larger picture is scaled to the size of the smaller. Frames that only one dataset has are left
        out; for a frame without a picture of its own, the last picture before it is compared.

        Raises:
            ValueError: the game is not in both datasets, or the range is empty or too long.
            CurvesUnavailable: the package that measures is not installed.
            DatasetError: a store failed, or a video cannot be decoded.
        """
        if every < 1 or not 1 <= exclusive_end - start <= min(MOST_SPAN, every * MOST_COMPARED):
            message = f"at most {MOST_COMPARED} frames of {MOST_SPAN} are compared at once"
            raise ValueError(message)
        try:
            from farm.likeness import resized, ssim_map  # noqa: PLC0415 - a reading side need not have OpenCV
        except ModuleNotFoundError as missing:
            message = f"{missing.name} is not installed where this is served: pip install '.[render]' there"
            raise CurvesUnavailable(message) from missing
        entries = self._entries(game_id)
        frames, values = [], []
        stores, steps = (self.library.store, self.other), [each.picture_step for each in self.descriptions]
        first = max(start, *(entry.chunks[0].slp_frame_start for entry in entries))
        wanted = range(first, exclusive_end, every)
        sides = [_lumas(*side, wanted) for side in zip(stores, entries, steps, strict=True)]
        for frame, one, other in zip(wanted, *sides, strict=False):
            height, width = (min(sizes) for sizes in zip(one.shape, other.shape, strict=True))
            pair = (
                each if each.shape == (height, width) else resized(each, height, width)
                for each in (one, other)
            )
            frames.append(frame)
            values.append(round(float(ssim_map(*pair).mean()), _DECIMALS))
        return {"slp_frame": frames, "ssim": values}

    def _entries(self, game_id: str) -> tuple[LedgerEntry, LedgerEntry]:
        other_id = self.pairs.get(game_id)
        ours = read_entry(self.library.store, game_id)
        theirs = None if other_id is None else read_entry(self.other, other_id)
        if ours is None or theirs is None or not (ours.chunks and theirs.chunks):
            message = "no game of this id is in both datasets"
            raise ValueError(message)
        return ours, theirs


def _lumas(store: Store, entry: LedgerEntry, picture_step: int, wanted: range) -> Iterator[NDArray[np.uint8]]:
    """Yield the brightness, uint8 [H, W], at each wanted frame, from the last picture up to it."""
    if not wanted:
        return
    pictures = pictures_of(store, entry, wanted[0], wanted[-1] + 1, picture_step)
    latest = next(pictures)
    ahead = next(pictures, None)
    for frame in wanted:
        while ahead is not None and ahead[0] <= frame:
            latest, ahead = ahead, next(pictures, None)
        if frame >= latest[0] + picture_step:
            return  # the game ended
        yield np.ascontiguousarray(latest[1][: latest[1].shape[0] * 2 // 3])
