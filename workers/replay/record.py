"""Read the game record: the facts in a .slp file about the game as a whole."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from workers.replay import melee_names
from workers.replay.events import Event
from workers.replay.identity import Identity, names_in_metadata

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.replay.container import Container
    from workers.replay.events import Bytes, EventSizes, Walk
    from workers.replay.instances import FinalFrames

ONLINE_SCENE = 8
_NUM_PORTS = 4
_INFO = 0x5  # the game info block's offset within GAME_START
_PLAYER, _PLAYER_BYTES = _INFO + 0x60, 0x24
_LONGEST_TEXT: Final = 100  # characters; a date or the name of a program takes fewer


@dataclass(frozen=True, slots=True)
class PlayerRecord:
    """One player of the game. `port` is 0-based; ids are external; None if the version does not record it."""

    port: int
    character_id: int
    character_name: str
    costume: int
    is_human: bool
    cpu_level: int
    team: int
    stocks: int
    handicap: int
    placement: int | None
    identity: Identity = field(repr=False)


@dataclass(frozen=True, slots=True)
class GameRecord:
    """The record of one game. Frame indices are slp_frames; values that the file lacks are None.

    Attributes:
        num_frames: Distinct frames with a complete instance; num_instances counts repeats, too.
        num_rolled_back: Frames that were simulated more than once.
        num_unfinalized: Frames at the end that the game might have simulated again.
        is_truncated: Whether the file ends before its recording did.
        damage: Where and how the stream contradicts itself.
    """

    slippi_version: str
    stage_id: int
    stage_name: str
    players: tuple[PlayerRecord, ...]
    is_teams: bool
    is_pal: bool | None
    is_frozen_stadium: bool | None
    item_frequency: int
    damage_ratio: float
    timer_seconds: int
    rng_seed: int
    scene_minor: int | None
    scene_major: int | None
    match_id: str | None
    game_number: int | None
    tiebreak_number: int | None
    end_method: int | None
    lras_port: int | None
    start_at: str | None
    played_on: str | None
    num_frames: int
    num_instances: int
    num_rolled_back: int
    num_unfinalized: int
    first_slp_frame: int | None
    last_slp_frame: int | None
    last_finalized_slp_frame: int | None
    is_truncated: bool
    damage: str | None

    @property
    def match_key(self) -> str | None:
        """A key that identifies this game among all that Slippi's servers arranged; None if they did not."""
        if not self.match_id:
            return None
        return f"{self.match_id}/{self.game_number}/{self.tiebreak_number}"


class _Fields:
    """Reads typed fields of one event; returns None if the event is too short to hold the field."""

    def __init__(self, event: bytes) -> None:
        self._event = event

    def number(self, layout: str, offset: int) -> Any:
        exclusive_end = offset + struct.calcsize(layout)
        return (
            struct.unpack_from(layout, self._event, offset)[0] if exclusive_end <= len(self._event) else None
        )

    def text(self, offset: int, size: int) -> str:
        """Return the Shift JIS text up to the first zero; "" if the event is too short."""
        raw = self._event[offset : offset + size] if offset + size <= len(self._event) else b""
        return raw.split(b"\0", 1)[0].decode("shift_jis", errors="replace")


def read_record(
    stream: Bytes,
    container: Container,
    sizes: EventSizes,
    walk: Walk,
    frames: FinalFrames,
) -> GameRecord:
    """Make the game record of a file, without the frames themselves."""
    start = _event(stream, sizes, walk, Event.GAME_START)
    end = _event(stream, sizes, walk, Event.GAME_END)
    version = ".".join(str(start.number("B", offset)) for offset in (1, 2, 3))
    stage_id = start.number(">H", _INFO + 0xE)
    ports = sorted({entity.port for entity in (*frames.pre, *frames.post) if not entity.is_follower})
    pal, frozen = start.number("B", 0x1A1), start.number("B", 0x1A2)
    lras = end.number("b", 2)
    return GameRecord(
        slippi_version=version,
        stage_id=stage_id,
        stage_name=melee_names.stage_name(stage_id),
        players=tuple(_player(start, end, container.metadata, port) for port in ports),
        is_teams=bool(start.number("B", _INFO + 0x8)),
        is_pal=None if pal is None else bool(pal),
        is_frozen_stadium=None if frozen is None else bool(frozen),
        item_frequency=start.number("b", _INFO + 0xB),
        damage_ratio=start.number(">f", _INFO + 0x30),
        timer_seconds=start.number(">I", _INFO + 0x10),
        rng_seed=start.number(">I", 0x13D) or 0,
        scene_minor=start.number("B", 0x1A3),
        scene_major=start.number("B", 0x1A4),
        match_id=_printable(start.text(0x2BE, 51)) or None,
        game_number=start.number(">I", 0x2F1),
        tiebreak_number=start.number(">I", 0x2F5),
        end_method=end.number("B", 1),
        lras_port=None if lras is None or not 0 <= lras < _NUM_PORTS else lras,
        start_at=_text(container.metadata, "startAt"),
        played_on=_text(container.metadata, "playedOn"),
        num_frames=frames.num_frames,
        num_instances=frames.num_instances,
        num_rolled_back=int((frames.num_written > 1).sum()),
        num_unfinalized=int((~frames.is_finalized).sum()),
        first_slp_frame=int(frames.slp_frame[0]) if frames.num_frames else None,
        last_slp_frame=int(frames.slp_frame[-1]) if frames.num_frames else None,
        last_finalized_slp_frame=frames.last_finalized,
        is_truncated=container.is_open_ended or walk.stop not in ("game_end", "end"),
        damage=frames.damage,
    )


def _event(stream: Bytes, sizes: EventSizes, walk: Walk, event: Event) -> _Fields:
    """Return the bytes of the first event of a kind; empty if there is none."""
    offsets = walk.offsets[walk.commands == event]
    return _Fields(bytes(stream[offsets[0] : offsets[0] + sizes.of(event)]) if offsets.size else b"")


def _player(start: _Fields, end: _Fields, metadata: Mapping[str, Any], port: int) -> PlayerRecord:
    base = _PLAYER + _PLAYER_BYTES * port
    character_id = start.number("B", base)
    placement = end.number("b", 3 + port)
    return PlayerRecord(
        port=port,
        character_id=character_id,
        character_name=melee_names.character_name(character_id),
        costume=start.number("B", base + 0x3),
        is_human=start.number("B", base + 0x1) == 0,
        cpu_level=start.number("B", base + 0xF),
        team=start.number("B", base + 0x9),
        stocks=start.number("B", base + 0x2),
        handicap=start.number("B", base + 0x8),
        placement=placement if placement is not None and 0 <= placement < _NUM_PORTS else None,
        identity=_identity(start, metadata, port),
    )


def _identity(start: _Fields, metadata: Mapping[str, Any], port: int) -> Identity:
    netplay_name, netplay_code = names_in_metadata(metadata, port)
    found = Identity(
        display_name=start.text(0x1A5 + 0x1F * port, 0x1F),
        connect_code=start.text(0x221 + 0xA * port, 0xA),
        uid=start.text(0x249 + 0x1D * port, 0x1D),
        name_tag=start.text(0x161 + 0x10 * port, 0x10),
    )
    # A blank or anonymised value counts as none, so that a better value in the metadata is used.
    return replace(
        found,
        display_name=found.display_name if found.name_key else netplay_name or found.display_name,
        connect_code=found.connect_code if found.code_key else netplay_code,
    )


def _text(metadata: Mapping[str, Any], key: str) -> str | None:
    """Return a text of the metadata; None if there is none, or if no recorder would write such a text."""
    value = metadata.get(key)
    return _printable(value) if isinstance(value, str) else None


def _printable(text: str) -> str | None:
    return text if text.isprintable() and len(text) <= _LONGEST_TEXT else None
