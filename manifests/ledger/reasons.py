"""The complete list of reasons for setting a game aside, as the ledger, manifests and errors name them."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a game is not in the dataset: exactly one of these per game.

    Reasons of the first group are about the replay, so another attempt would end in the same way. Those of
    the second group are about one attempt to render it.
    """

    NOT_SLP = "not_slp"  # the bytes are not a .slp file at all
    UNREADABLE = "unreadable"  # an .slp whose event stream cannot be followed
    NO_FRAMES = "no_frames"  # cut before its first complete frame
    BAD_FIRST_FRAME = "bad_first_frame"  # does not begin at slp_frame -123
    NOT_CONTIGUOUS = "not_contiguous"  # frame indices with holes
    NON_FINITE = "non_finite"  # a NaN or infinity where the game has none: corrupt
    NOT_ONE_ON_ONE = "not_one_on_one"  # other than two players, or teams
    ILLEGAL_STAGE = "illegal_stage"  # not one of the six tournament stages
    ILLEGAL_CHARACTER = "illegal_character"  # not one that the unmodified game lets people choose
    FILTERED = "filtered"  # legal, but outside what the plan's filters ask for
    ACROSS_SPLITS = "across_splits"  # splits are by player, and its players are in different splits
    TOO_LONG = "too_long"  # more frames than the stand-in game holds in the console's memory
    DUPLICATE = "duplicate"  # the same game is already in the plan
    DESYNC = "desync"  # recordings of this game disagree on a confirmed frame, so none can be trusted
    STILL_RECORDED = "still_recorded"  # the file grew while it was read, or its game is still going on
    SOURCE_CHANGED = "source_changed"  # the file that was planned holds another game now
    NOT_READ = "not_read"  # this kind of file or place is not read; never in a ledger, as there is no game_id

    SOURCE_MISSING = "source_missing"  # the planned file is missing, or cannot be read
    EMULATOR_EXIT = "emulator_exit"  # the emulator exited by itself before the game ended
    EMULATOR_STALLED = "emulator_stalled"  # no new picture within the progress deadline
    EMULATOR_TIMEOUT = "emulator_timeout"  # rendering took longer than the total deadline
    MISALIGNED = "misaligned"  # the evidence does not agree that picture k shows state k
    ENCODE_FAILED = "encode_failed"  # the encoder refused, or the encoded chunk does not hold what went in
    WORKER_DIED = "worker_died"  # the game crashed its worker process each time it was tried

    @property
    def is_about_the_replay(self) -> bool:
        """Whether another attempt would end in the same way."""
        return self not in _ABOUT_THE_ATTEMPT


_ABOUT_THE_ATTEMPT = frozenset(
    {
        Reason.SOURCE_MISSING,
        Reason.EMULATOR_EXIT,
        Reason.EMULATOR_STALLED,
        Reason.EMULATOR_TIMEOUT,
        Reason.MISALIGNED,
        Reason.ENCODE_FAILED,
        Reason.WORKER_DIED,
    }
)
