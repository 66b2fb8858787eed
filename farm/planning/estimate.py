"""Estimates a run before it begins: time, bytes, requests and money, from measured paces and sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.planning.measured_pace import MeasuredPace

SEED_GAMES = 22_000
SEED_FRAMES = 236_000_000
SEED_BYTES = 300e9
SEED_DAYS_ON_ONE = 19.0
SEED_DAYS_ON_SIX = 3.0
"""The figures that the project began with: 22,000 games, 300 GB, 19 days on one Dolphin, 3 days on six."""

PRICES_ARE_OF = "list prices of AWS, us-east-1 (c5 by the core, S3 Standard), as known in 2024; give your own"
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Span:
    """A figure with its range: least, usual and most.

    Raises:
        ValueError: unless 0 < least <= usual <= most.
    """

    least: float
    usual: float
    most: float

    def __post_init__(self) -> None:
        if not 0 < self.least <= self.usual <= self.most < float("inf"):
            message = f"a span is 0 < least <= usual <= most, got {self.least}, {self.usual}, {self.most}"
            raise ValueError(message)

    def times(self, factor: float) -> Span:
        """Return the span multiplied by a factor above 0."""
        return Span(self.least * factor, self.usual * factor, self.most * factor)

    def plus(self, other: Span) -> Span:
        """Return the sum of two spans; their least, usual and largest values go together."""
        return Span(self.least + other.least, self.usual + other.usual, self.most + other.most)

    def dividing(self, amount: float) -> Span:
        """Divide an amount above 0 by the span; the span's largest value gives the smallest result."""
        return Span(amount / self.most, amount / self.usual, amount / self.least)


@dataclass(frozen=True, slots=True)
class Measured:
    """Measured pace of rendering, and sizes of the files made.

    Attributes:
        frames_per_second: frames that one slot renders per second, including starts and ends of emulators.
        video_bytes, states_bytes: bytes per frame.
        origin: where the figures are from, in words for a person.
        pace: the measurement that gave the figures, with its emulator, renderer and machine; None if they are
            from a dataset, which does not record on what each game was rendered.
    """

    frames_per_second: Span
    video_bytes: Span
    states_bytes: Span
    origin: str
    pace: MeasuredPace | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of a cloud, in US dollars.

    Attributes:
        core_hour: price of one core of an instance for an hour.
        gigabyte_month: price of a billion bytes on the store for a month.
        thousand_puts, thousand_gets: price of a thousand requests of that kind.

    Raises:
        ValueError: if a price is below zero.
    """

    core_hour: float = 0.0425
    gigabyte_month: float = 0.023
    thousand_puts: float = 0.005
    thousand_gets: float = 0.0004

    def __post_init__(self) -> None:
        if min(self.core_hour, self.gigabyte_month, self.thousand_puts, self.thousand_gets) < 0:
            message = f"prices are not below 0, got {self}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Work:
    """The amount of work to render: games, their frames, and the chunks that these make.

    Raises:
        ValueError: unless all are above zero.
    """

    games: int
    frames: int
    chunks: int

    def __post_init__(self) -> None:
        if min(self.games, self.frames, self.chunks) < 1:
            message = f"there is nothing to estimate: {self.games} games, {self.frames} frames to render"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Time, space, requests and money that some work is estimated to take.

    Attributes:
        hours: hours of wall time.
        slots: number of emulators side by side.
        cores: number of cores that they keep busy.
        video_bytes, states_bytes: bytes on the store at the end.
        puts, gets: number of requests to the store; manifests and listings, a thousandth more, are left out.
        instance_dollars: price of the cores while the run lasts.
        storage_dollars: price of storing the finished dataset for a month.
        request_dollars: price of all puts and gets.
    """

    hours: Span
    slots: int
    cores: float
    video_bytes: Span
    states_bytes: Span
    puts: int
    gets: int
    instance_dollars: Span
    storage_dollars: Span
    request_dollars: float


def estimate(
    work: Work, measured: Measured, prices: Prices, *, slots: int, cores_per_slot: float
) -> Estimate:
    """Estimate what the work takes on a number of slots.

    At the end of a run slots are idle. Since games are handed out longest first, this is less than one game's
    length, and it is not counted here. Nor are games that must be tried again.

    Raises:
        ValueError: fewer than one slot, or no cores.
    """
    if slots < 1 or cores_per_slot <= 0:
        message = f"slots are at least 1 and cores above 0, got {slots} and {cores_per_slot}"
        raise ValueError(message)
    hours = measured.frames_per_second.dividing(work.frames / 3600).times(1 / slots)
    video, states = measured.video_bytes.times(work.frames), measured.states_bytes.times(work.frames)
    puts = 2 * work.chunks + work.games  # video and states of a chunk, one ledger entry
    gets = 2 * work.games  # the replay, and a check whether the entry exists
    return Estimate(
        hours=hours,
        slots=slots,
        cores=slots * cores_per_slot,
        video_bytes=video,
        states_bytes=states,
        puts=puts,
        gets=gets,
        instance_dollars=_priced(hours.times(slots * cores_per_slot), prices.core_hour),
        storage_dollars=_priced(video.plus(states), prices.gigabyte_month / 1e9),
        request_dollars=(puts * prices.thousand_puts + gets * prices.thousand_gets) / 1000,
    )


def seed_work(frames_per_chunk: int) -> Work:
    """Return the work of 22,000 games, to which the project's first figures refer."""
    per_game = -(-SEED_FRAMES // SEED_GAMES)
    return Work(SEED_GAMES, SEED_FRAMES, SEED_GAMES * -(-per_game // frames_per_chunk))


def days(hours: Span) -> Span:
    """Convert a span of hours into one of days."""
    return hours.times(3600 / _DAY)


def _priced(amount: Span, price: float) -> Span:
    """Multiply an amount by a price; a price of zero counts as nearly nothing, since spans are above zero."""
    return amount.times(max(price, 1e-12))
