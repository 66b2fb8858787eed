"""Read the data of the state models: windows of both players' states and inputs, and the held-out games."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import torch

from manifests import WindowSpec, open_dataset
from manifests.state.action_categories import categories
from manifests.state.kinds import domain_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa
    from torch import Tensor

    from manifests import TorchWindows

PLAYERS: Final = ("p0", "p1")
VALUES: Final = (
    "x", "y", "facing", "percent", "shield", "stocks", "airborne", "vx_air_self", "vy_self", "vx_attack",
    "vy_attack", "vx_ground_self", "hitlag_left", "d_hitstun_left", "action_age",
)  # fmt: skip
"""The quantities of a player that the models read and predict."""
IDS: Final = {
    "action": "d_action_class", "l_cancel": "l_cancel", "hurtbox": "hurtbox", "ground": "d_ground_class",
    "last_attack": "d_last_attack_class", "jumps": "jumps_left", "character": "d_character_class",
    "category": "d_action_category", "age": "d_frames_in_action",
}  # fmt: skip
"""Classes of a player and the columns that they come from; the first six have a head each."""
HEADS: Final = ("action", "l_cancel", "hurtbox", "ground", "last_attack", "jumps")
NUM_ANALOG, NUM_HELD = 5, 17
"""A player's inputs: sticks and trigger up to NUM_ANALOG, buttons up to NUM_HELD, then new presses."""
OLDEST: Final = 63
"""Each age of an action in frames is a class of its own, up to this one, which means this age or older."""
_STATE_FIELDS: Final = ("state", "action", "just_pressed", "projectiles")
_AGES: Final = tuple(f"{player}.d_frames_in_action" for player in PLAYERS)


class Frames(NamedTuple):
    """Windows of T frames of both players, P = 2; a value that was not recorded is 0, and not `known`.

    Attributes:
        values: float32 [B, T, P, V] of `VALUES`, in the game's units.
        values_known: bool [B, T, P, V].
        ids: int64 [B, T, P, C] of `IDS`; jumps and age are counts.
        ids_known: bool [B, T, P, C].
        controls: float32 [B, T + lookahead, P, A]: sticks, triggers, buttons, and buttons just pressed.
        threats: float32 [B, T, P, 6]: the others' projectiles, see the view "projectiles".
        stage: int64 [B], Slippi's stage id.
    """

    values: Tensor
    values_known: Tensor
    ids: Tensor
    ids_known: Tensor
    controls: Tensor
    threats: Tensor
    stage: Tensor


def num_classes() -> Mapping[str, int]:
    """Return the number of classes of each of `IDS`, from the schema."""
    counts = {}
    for name, column in IDS.items():
        domain = domain_of(f"p0.{column}")
        counts[name] = domain.num_classes or int(domain.high or OLDEST) + 1
    return counts


@cache
def category_table() -> Tensor:
    """Make a table of the functional category of each character's action, int64 [characters, actions]."""
    counts = num_classes()
    characters, actions = np.arange(counts["character"]), np.arange(counts["action"])
    return torch.as_tensor(categories(characters[:, None], actions[None]).astype(np.int64))


def open_states(url: str, window: WindowSpec, games: str | None = None) -> TorchWindows:
    """Open windows of states and inputs of the games that meet a condition; no picture is read."""
    return open_dataset(url, window=window, fields=[*_STATE_FIELDS, *_AGES], filter=games, as_torch=True)


def all_games(url: str) -> pa.Table:
    """Read the table of a dataset's games."""
    window = WindowSpec(1, start="any")
    return open_dataset(url, window=window, fields=["p0.x"], cache=None, as_torch=False).games


def held_out(url: str) -> tuple[str, str]:
    """Return two conditions on games: for the games to train on, and for those held out.

    The dataset's own test split is held out if it has one; otherwise every fifth game, in order of game_id.

    Raises:
        ValueError: there are fewer than two games.
    """
    games = all_games(url)
    ids, splits = games["game_id"].to_pylist(), games["split"].to_pylist()
    if len(ids) < 2:  # noqa: PLR2004 - one game to train on, one held out
        message = f"{url} has {len(ids)} game, and models are judged on games of their own: add some"
        raise ValueError(message)
    if {"train", "test"} <= set(splits):
        return "split == 'train'", "split == 'test'"
    out = sorted(ids)[::5]
    return f"game_id not in {out!r}", f"game_id in {out!r}"


def read_frames(dataset: TorchWindows, at: Mapping[str, Any]) -> Frames:
    """Sort a batch of windows by player and kind of value."""
    names = dataset.names
    values, values_known = _by_player(at, names, "state", VALUES)
    columns = [column for name, column in IDS.items() if name not in ("jumps", "age")]
    ids, ids_known = _by_player(at, names, "state_ids", columns)
    jumps, jumps_known = _by_player(at, names, "state", ["jumps_left"])
    age = torch.stack([at[name] for name in _AGES], -1).long().clamp(0, OLDEST)
    age_known = torch.stack([at[f"{name}_valid"] for name in _AGES], -1)
    found = dict(zip(columns, torch.unbind(ids, -1), strict=True))
    known = dict(zip(columns, torch.unbind(ids_known, -1), strict=True))
    found |= {"jumps_left": jumps[..., 0].long().clamp(0), "d_frames_in_action": age}
    known |= {"jumps_left": jumps_known[..., 0], "d_frames_in_action": age_known}
    stages = torch.as_tensor(dataset.games["stage_id"].to_numpy().astype(np.int64))
    pressed = [name.removeprefix("p0.") for name in names["just_pressed"] if name.startswith("p0.")]
    held = [name.removeprefix("p0.") for name in names["action"] if name.startswith("p0.")]
    threats = [name.removeprefix("p0.") for name in names["projectiles"] if name.startswith("p0.")]
    controls = [_by_player(at, names, "action", held)[0], _by_player(at, names, "just_pressed", pressed)[0]]
    return Frames(
        values, values_known,
        torch.stack([found[column] for column in IDS.values()], -1),
        torch.stack([known[column] for column in IDS.values()], -1),
        torch.cat(controls, -1), _by_player(at, names, "projectiles", threats)[0],
        stages.to(at["game"].device)[at["game"]],
    )  # fmt: skip


def _by_player(
    at: Mapping[str, Any], names: Mapping[str, tuple[str, ...]], field: str, columns: Sequence[str]
) -> tuple[Tensor, Tensor]:
    """Select columns of both players from a field, [..., P, columns]: their values, and which are known."""
    places = [[names[field].index(f"{player}.{column}") for column in columns] for player in PLAYERS]
    known = at[f"{field}_valid"][..., places]
    return torch.where(known, at[field][..., places], 0), known


def some_frames(
    dataset: TorchWindows, num_windows: int, seed: int, batch_size: int = 1024
) -> Iterator[Frames]:
    """Read about `num_windows` windows in batches, the same for the same seed; fewer if there are no more."""
    num_windows = min(num_windows, len(dataset))
    batch_size = min(batch_size, num_windows)
    stream = dataset.stream(batch_size=batch_size, seed=seed, apart=max(256, batch_size))
    for _, sample in zip(range(num_windows // batch_size), stream, strict=False):
        yield read_frames(dataset, sample)


def hold(controls: Tensor) -> Tensor:
    """Make the inputs of a player, [..., A], who keeps holding the same inputs: no button is just pressed."""
    held = controls.clone()
    held[..., NUM_HELD:] = 0
    return held
