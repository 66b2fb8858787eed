"""The options of a recording, with checks of their values."""

from __future__ import annotations

from dataclasses import dataclass

from manifests.state.schema import FIRST_SLP_FRAME
from workers.replay.stage_geometry import LEGAL_STAGES
from workers.standin.recorder.netplay import MAX_ROLLBACK_FRAMES
from workers.standin.recorder.roster import BY_EXTERNAL_ID

MAX_SECONDS = 480  # a tournament game's clock
MAX_FRAMES = MAX_SECONDS * 60 + 1 - FIRST_SLP_FRAME
MAX_TAIL = 3
MAX_STOCKS = 99


@dataclass(frozen=True)
class RecordOptions:
    """The options of one recording. Values that are None are drawn from the seed.

    Attributes:
        seed: 0 or more; the same options give the same bytes on any machine.
        stage: External stage id, one of the six legal ones.
        num_frames: Frames of the match, from slp_frame -123. The file is shorter only if a player loses the
            last stock before. None plays to the last stock, or until the 8 minutes are up.
        characters: External ids of the two players' characters.
        ports: The two players' ports, 0 to 3, ascending.
        stocks: Stocks each player starts with.
        rollback_share: Extra frame versions per frame, 0 to 0.5; 0 with no tail is a game on one machine.
        unfinalised_tail: Frames at the end, 0 to 3, that were never finalised.
        has_game_end: False leaves the game end event out.
        has_metadata: False leaves the metadata out.
        has_gecko_list: False leaves the list of codes out.
        cut_bytes: Bytes missing at the end of the file, as after a crash; the length in front then stays 0.
    """

    seed: int
    stage: int | None = None
    num_frames: int | None = None
    characters: tuple[int, int] | None = None
    ports: tuple[int, int] = (0, 1)
    stocks: int = 4
    rollback_share: float = 0.05
    unfinalised_tail: int = 0
    has_game_end: bool = True
    has_metadata: bool = True
    has_gecko_list: bool = True
    cut_bytes: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.seed < 2**48, f"seed {self.seed}; seeds are 0 to 2**48 - 1")
        _require(
            self.stage is None or self.stage in LEGAL_STAGES, f"stage {self.stage}; stages are {LEGAL_STAGES}"
        )
        if self.num_frames is not None:
            text = (
                f"num_frames {self.num_frames}; a match has {MAX_ROLLBACK_FRAMES + 1} to {MAX_FRAMES} frames"
            )
            _require(MAX_ROLLBACK_FRAMES < self.num_frames <= MAX_FRAMES, text)
        for character in self.characters or ():
            text = f"character {character}; characters are external ids {sorted(BY_EXTERNAL_ID)}"
            _require(character in BY_EXTERNAL_ID, text)
        first, second = self.ports
        _require(0 <= first < second <= 3, f"ports {self.ports}; two ports of 0 to 3, ascending")
        _require(1 <= self.stocks <= MAX_STOCKS, f"stocks {self.stocks}; stocks are 1 to {MAX_STOCKS}")
        _require(0 <= self.rollback_share <= 0.5, f"rollback_share {self.rollback_share}; it is 0 to 0.5")
        _require(
            0 <= self.unfinalised_tail <= MAX_TAIL, f"unfinalised_tail {self.unfinalised_tail}; it is 0 to 3"
        )
        _require(self.cut_bytes >= 0, f"cut_bytes {self.cut_bytes}; it is 0 or more")

    @property
    def is_online(self) -> bool:
        """Whether the file should look like a netplay recording."""
        return self.rollback_share > 0 or self.unfinalised_tail > 0


def _require(holds: bool, found: str) -> None:
    if not holds:
        text = f"cannot record {found}"
        raise ValueError(text)
