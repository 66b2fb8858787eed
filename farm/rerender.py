"""Renders a sample of committed games again, and compares every byte with the dataset's files."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.ledger.dataset import read_description
from manifests.ledger.entry import LedgerEntry, Status, read_entry
from manifests.ledger.plan import PlannedGame, planned_games
from manifests.store.open import open_store
from workers.emulator.slippi_preset import FRAMES_NAME
from workers.errors import EnvironmentFailed, RenderFailed, ReplayRefused
from workers.job import RenderSettings, RenderTask, make_entry
from workers.rendering.emulator_setup import emulator_setup
from workers.rendering.encode import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from manifests.store.contract import Store
    from workers.emulator.slippi import SlippiDolphin

_SAMPLE_STEPS: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Rerendered:
    """One game that was rendered again, and how the new files differ from the dataset's.

    Attributes:
        game_id: id of the game.
        num_objects: number of video and states files compared.
        differences: one line for each thing that differs; empty if every byte is the same.
    """

    game_id: str
    num_objects: int
    differences: tuple[str, ...]


def rerender(
    dataset: str,
    sample: float,
    *,
    seed: int = 0,
    slippi: SlippiDolphin | None = None,
    scratch: Path | None = None,
    on_game: Callable[[int, int], None] = lambda _done, _of: None,
) -> Iterator[Rerendered]:
    """Render a sample of the committed games again, at least one, and compare each with the dataset's files.

    Args:
        dataset: folder or URL; nothing is written to it.
        sample: share of the committed games, 0 to 1.
        seed: seed of the sample; the same seed chooses the same games.
        slippi: the user's Slippi and game, for a dataset made with it.
        scratch: folder for temporary files; None for the default.
        on_game: called with (games done, games to do).

    Raises:
        EnvironmentFailed: this machine cannot render, or renders differently from the dataset's maker.
        DatasetError: the dataset cannot be read.
    """
    store = open_store(dataset)
    description = read_description(store)
    if description.video is None:
        message = f"{dataset} has states alone, so there is nothing to render again"
        raise EnvironmentFailed(message)
    settings = RenderSettings(
        dataset,
        description.emulator,
        scratch_base=scratch,
        frames_per_chunk=description.frames_per_chunk,
        video=VideoSettings(description.video.crf, description.video.preset),
        stamp=description.stamp is not None,
        slippi=slippi,
    )
    set_up = emulator_setup(settings.emulator, stamp=settings.stamp, slippi=slippi)
    set_up.emulator.check()
    _require_same(dict(description.fingerprints), dict(set_up.fingerprint()))
    chosen = _chosen(store, sample, seed)
    for number, (game, entry) in enumerate(chosen, 1):
        yield _again(game, entry, settings)
        on_game(number, len(chosen))


def _chosen(store: Store, sample: float, seed: int) -> list[tuple[PlannedGame, LedgerEntry]]:
    """Return the committed games of the sample; if there is none, the first one in the sample's order."""
    ranked = sorted(
        ((_rank(game.game_id, seed), game) for game in planned_games(store)), key=lambda each: each[0]
    )
    found: list[tuple[PlannedGame, LedgerEntry]] = []
    for rank, game in ranked:
        if found and rank >= sample * _SAMPLE_STEPS:
            break
        entry = read_entry(store, game.game_id)
        if entry is not None and entry.status is Status.COMMITTED:
            found.append((game, entry))
    return found


def _rank(game_id: str, seed: int) -> int:
    return int.from_bytes(hashlib.blake2b(f"{seed} {game_id}".encode(), digest_size=8).digest())


def _require_same(made: dict[str, str], here: dict[str, str]) -> None:
    # How pictures left the emulator does not change them, and older datasets do not record it.
    named = (made.keys() | here.keys()) - {FRAMES_NAME}
    other = sorted(name for name in named if made.get(name) != here.get(name))
    if other:
        message = (
            f"this machine renders otherwise than the dataset was made: {', '.join(other)} differ; render it "
            "again on a machine of the same image, or compare nothing"
        )
        raise EnvironmentFailed(message)


def _again(game: PlannedGame, entry: LedgerEntry, settings: RenderSettings) -> Rerendered:
    with tempfile.TemporaryDirectory(dir=settings.scratch_base, prefix="dolphin-farm-rerender-") as folder:
        try:
            made = make_entry(RenderTask(game), settings, open_store(folder))
        except (RenderFailed, ReplayRefused) as failure:
            return Rerendered(entry.game_id, 0, (f"does not render again: {failure.detail}",))
    pairs = [
        (f"chunk {number}, {kind}", getattr(before, kind).sha256, getattr(after, kind).sha256)
        for number, (before, after) in enumerate(zip(entry.chunks, made.chunks, strict=True))
        for kind in ("video", "states")
    ]
    pairs.append(("state_sha256", str(entry.state_sha256), str(made.state_sha256)))
    differences = tuple(
        f"{what}: {after}, the dataset has {before}" for what, before, after in pairs if before != after
    )
    return Rerendered(entry.game_id, len(pairs) - 1, differences)
