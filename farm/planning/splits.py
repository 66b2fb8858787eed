"""Divides games into training, validation and test, so that no split leaks into another.

Games of the same two players look alike: same habits, same tags, often the same evening. So a split is drawn
for the pairing of two players, by its keyed hash, and all games of the pairing go there; the same pairing,
key and fractions give the same split on any machine and in any later plan.

On a ladder nearly everybody in the test split also plays in training, against others. `by="player"` draws the
split for each player instead. Nearly all players of a ladder are connected by their games, so whole groups
of them cannot be kept: a game whose players are in different splits is in none, and is not planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from manifests.ledger.dataset import SplitContract
from workers.replay import melee_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TRAIN, VAL, TEST = "train", "val", "test"
PAIRING, PLAYER = "pairing", "player"
SPLIT_BY: Final = (PAIRING, PLAYER)
_DEFAULT_FRACTION: Final = 0.05
_HASH_RANGE: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Traits:
    """The properties of a game that its split may depend on.

    Attributes:
        pairing: Keyed hash, hex, of the two players; where a replay does not say who played, of the session,
            or of the game itself.
        stage: libmelee's name of the stage.
        characters: libmelee's names of the characters that appear in the frames.
        players: Keyed hashes of the players; None for one who is not known.
    """

    pairing: str
    stage: str
    characters: Sequence[str]
    players: Sequence[str | None]


def _stages() -> list[str]:
    return [melee_names.stage_name(stage) for stage in melee_names.LEGAL_STAGES]


_HOLD_OUT_FIELDS: Final[Mapping[str, Callable[[Traits], Sequence[str | None]]]] = {
    "character": lambda traits: traits.characters,
    "stage": lambda traits: [traits.stage],
    "player": lambda traits: traits.players,
}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """The rule by which games are divided.

    Attributes:
        val: Fraction of pairings, or of players, for validation.
        test: Fraction for test. If `by` is "pairing" and games are held out, it is 0, and the held-out games
            are the test split.
        hold_out: (field, value) pairs; games that match one of them are the test split. Fields: character,
            stage, player. A game has every character that appears in its frames: a game with Sheik may also
            have Zelda.
        by: Whose keyed hash decides the split: "pairing", or "player", so that no player is in two splits.

    Raises:
        ValueError: If the fractions leave nothing to train on, or a field or name is unknown.
    """

    val: float = _DEFAULT_FRACTION
    test: float = _DEFAULT_FRACTION
    hold_out: tuple[tuple[str, str], ...] = ()
    by: str = PAIRING

    def __post_init__(self) -> None:
        if not (self.val >= 0 and self.test >= 0 and self.val + self.test < 1):  # this also refuses a NaN
            msg = (
                f"fractions val {self.val} and test {self.test} must be 0 or more and leave some for training"
            )
            raise ValueError(msg)
        if self.by not in SPLIT_BY:
            msg = f"cannot split by {self.by!r}; by {' or '.join(SPLIT_BY)}"
            raise ValueError(msg)
        for field, value in self.hold_out:
            if field not in _HOLD_OUT_FIELDS:
                msg = f"cannot hold out by {field!r}; by {', '.join(_HOLD_OUT_FIELDS)}, as in character=PICHU"
                raise ValueError(msg)
            if field == "character":
                melee_names.external_character_id(value)
            if field == "stage" and value not in (stages := _stages()):
                msg = f"cannot hold out stage {value!r}; the tournament stages are {', '.join(stages)}"
                raise ValueError(msg)
        object.__setattr__(self, "hold_out", tuple(sorted(set(self.hold_out))))

    @classmethod
    def chosen(
        cls,
        *,
        by: str | None = None,
        val: float | None = None,
        test: float | None = None,
        hold_out: Sequence[str] = (),
    ) -> SplitRule:
        """Make a rule from what a user gave; None stands for what was not given.

        Args:
            by: "pairing" or "player".
            val: fraction for validation.
            test: fraction for test.
            hold_out: texts such as "character=PICHU".

        Raises:
            ValueError: As for the class; or a text is no FIELD=VALUE; or a test fraction and a hold-out both
                define the test split.
        """
        pairs = []
        for text in hold_out:
            field, separator, value = text.partition("=")
            if not separator or not value:
                msg = f"cannot hold out {text!r}; give FIELD=VALUE, as in character=PICHU"
                raise ValueError(msg)
            pairs.append((field, value))
        by = by or PAIRING
        if pairs and by == PAIRING:
            if test:
                msg = "--hold-out makes the test split; leave out --test"
                raise ValueError(msg)
            test = 0.0
        return cls(
            val=_DEFAULT_FRACTION if val is None else val,
            test=_DEFAULT_FRACTION if test is None else test,
            hold_out=tuple(pairs),
            by=by,
        )

    @classmethod
    def of_contract(cls, contract: SplitContract) -> SplitRule:
        """Return the rule that a dataset.json holds.

        Raises:
            ValueError: As for `chosen`.
        """
        return cls.chosen(by=contract.by, val=contract.val, test=contract.test, hold_out=contract.hold_out)

    def to_contract(self) -> SplitContract:
        """Return the rule as dataset.json holds it; the inverse of `of_contract`."""
        return SplitContract(self.by, self.val, self.test, tuple(map("=".join, self.hold_out)))

    def __str__(self) -> str:
        options = [f"--split-by {self.by}", f"--val {self.val:g}"]
        if self.by == PLAYER or not self.hold_out:
            options.append(f"--test {self.test:g}")
        return " ".join([*options, *(f"--hold-out {field}={value}" for field, value in self.hold_out)])

    def split_of(self, traits: Traits) -> str | None:
        """Return the split of a game with these properties: train, val or test; None if it is in no split.

        By player, a game is in no split if its players are in different ones. With a hold-out it is in test
        only if it is held out and its players are in test, and in no split if only one of these is true.
        Players whom the replay does not name cannot be kept apart; if it names none, the split is drawn by
        the pairing.
        """
        is_held_out = any(value in _HOLD_OUT_FIELDS[field](traits) for field, value in self.hold_out)
        if self.by == PAIRING:
            return TEST if is_held_out else self._drawn(traits.pairing)
        named = [who for who in traits.players if who is not None]
        splits = {self._of_player(who) for who in named} or {self._drawn(traits.pairing)}
        (split, *others) = splits
        if others or (self.hold_out and is_held_out != (split == TEST)):
            return None
        return split

    def _of_player(self, player: str) -> str:
        return TEST if (PLAYER, player) in self.hold_out else self._drawn(player)

    def _drawn(self, keyed_hash: str) -> str:
        # Test takes the lowest places, so that a larger test split holds every game of a smaller one.
        place = int(keyed_hash[:16], 16) / _HASH_RANGE
        if place < self.test:
            return TEST
        return VAL if place < self.test + self.val else TRAIN
