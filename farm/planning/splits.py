"""The division of games into training, validation and test, so that none of them leaks into another.

Games of the same two players look alike: same habits, same tags, often the same evening. So a split is drawn
for the pairing, by its keyed hash, and all its games go there; the same pairing, key and fractions give the
same split on any machine and in any later plan.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workers.replay import melee_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TRAIN, VAL, TEST = "train", "val", "test"
_HASH_RANGE: Final = 1 << 64


@dataclass(frozen=True, slots=True)
class Traits:
    """The properties of a game that its split may depend on.

    Attributes:
        pairing: Keyed hash, hex, of the two players; where a replay does not say who played, of the session,
            or of the game itself.
        stage: libmelee's name.
        characters: libmelee's names of the characters that appear in the frames.
        players: Keyed hashes of those that are known.
    """

    pairing: str
    stage: str
    characters: Sequence[str]
    players: Sequence[str | None]


_HOLD_OUT_FIELDS: Final[Mapping[str, Callable[[Traits], Sequence[str | None]]]] = {
    "character": lambda traits: traits.characters,
    "stage": lambda traits: [traits.stage],
    "player": lambda traits: traits.players,
}


@dataclass(frozen=True, slots=True)
class SplitRule:
    """The rule by which games are divided.

    Attributes:
        val: Fraction of pairings for validation.
        test: Fraction of pairings for test; 0 with hold_out, which then is the test split.
        hold_out: (field, value) pairs; every game with one of them is for test. Fields: character, stage,
            player. A game has every character that appears in its frames: Sheik's are Zelda's, too.

    Raises:
        ValueError: If the fractions leave nothing to train on, or a field or name is unknown.
    """

    val: float = 0.05
    test: float = 0.05
    hold_out: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not (self.val >= 0 and self.test >= 0 and self.val + self.test < 1):  # nor is a NaN allowed
            msg = (
                f"fractions val {self.val} and test {self.test} must be 0 or more and leave some for training"
            )
            raise ValueError(msg)
        for field, value in self.hold_out:
            if field not in _HOLD_OUT_FIELDS:
                msg = f"cannot hold out by {field!r}; by {', '.join(_HOLD_OUT_FIELDS)}, as in character=PICHU"
                raise ValueError(msg)
            if field == "character":
                melee_names.external_character_id(value)

    @classmethod
    def holding_out(cls, *held_out: str, val: float = 0.05) -> SplitRule:
        """A rule from texts such as "character=PICHU", with no test split but those games.

        Raises:
            ValueError: As the class, or if a text is no FIELD=VALUE.
        """
        pairs = []
        for text in held_out:
            field, separator, value = text.partition("=")
            if not separator or not value:
                msg = f"cannot hold out {text!r}; give FIELD=VALUE, as in character=PICHU"
                raise ValueError(msg)
            pairs.append((field, value))
        return cls(val=val, test=0.0, hold_out=tuple(pairs))

    def split_of(self, traits: Traits) -> str:
        """The split of a game with these properties: train, val or test."""
        if any(value in _HOLD_OUT_FIELDS[field](traits) for field, value in self.hold_out):
            return TEST
        # Test takes the lowest places, so that a larger test split holds every game of a smaller one.
        place = int(traits.pairing[:16], 16) / _HASH_RANGE
        if place < self.test:
            return TEST
        return VAL if place < self.test + self.val else TRAIN
