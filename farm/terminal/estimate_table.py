"""The options of `farm plan --estimate`, and the estimate as a table and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.table import Table

from farm.machine.capacity import Footprint, slots_here
from farm.planning.estimate import (
    PRICES_ARE_OF,
    SEED_BYTES,
    SEED_DAYS_ON_ONE,
    SEED_DAYS_ON_SIX,
    Estimate,
    Measured,
    Prices,
    Span,
    Work,
    days,
    estimate,
    seed_work,
)
from farm.planning.known_paces import KNOWN_PACES, MELEE, PUBLIC_MELEE, STANDIN_GAME, measured_by
from farm.planning.measured import measured_in
from farm.planning.measured_pace import nearest_pace
from farm.planning.saved_paces import saved_paces
from manifests.ledger.entry import done_game_ids
from manifests.ledger.plan import num_chunks_of
from manifests.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import Console

    from farm.planning.measured_pace import MeasuredPace
    from farm.settings import RunSettings
    from manifests.ledger.plan import GameToPlan

_Command = TypeVar("_Command", bound="Callable[..., Any]")
_PRICE = click.FloatRange(min=0)
_DEFAULTS = Prices()
_OPTIONS = (
    click.option(
        "--estimate",
        is_flag=True,
        help="Only estimate what rendering will take: time, bytes, requests, dollars. Writes nothing.",
    ),
    click.option(
        "--measured",
        metavar="DATASET",
        help="Estimate from what this dataset's games took.  [default: --out's, else figures from elsewhere]",
    ),
    click.option(
        "--cores-per-slot", type=click.FloatRange(min=0.1), default=Footprint().cores, show_default=True,
        help="Cores paid for per emulator.",
    ),
    click.option("--core-hour", type=_PRICE, default=_DEFAULTS.core_hour, show_default=True,
        help="Price of a core for an hour, in US dollars."),
    click.option(
        "--gigabyte-month", type=_PRICE, default=_DEFAULTS.gigabyte_month, show_default=True,
        help="Price of a gigabyte on the store for a month, in US dollars."
    ),
    click.option(
        "--thousand-puts", type=_PRICE, default=_DEFAULTS.thousand_puts, show_default=True,
        help="Price of a thousand writes to the store, in US dollars."
    ),
    click.option(
        "--thousand-gets", type=_PRICE, default=_DEFAULTS.thousand_gets, show_default=True,
        help=f"Price of a thousand reads, in US dollars. The defaults are {PRICES_ARE_OF}.",
    ),
)  # fmt: skip


def estimate_options(command: _Command) -> _Command:
    """Add the options of `farm plan --estimate` to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def estimates(
    games: Iterable[GameToPlan], settings: RunSettings, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Estimate the games of a plan that are not done yet, and 22,000 games for comparison; JSON-ready.

    Args:
        games: the games that passed the selection.
        settings: settings of the run that would render the games; its dataset need not exist.
        options: values of the options of `estimate_options`.

    Raises:
        ValueError: nothing is left to render, or the dataset in `measured` has no rendered game.
    """
    store = open_store(settings.out)
    done = set(done_game_ids(store))
    left = [game.num_frames for game in games if game.game_id not in done]
    per_chunk = settings.frames_per_chunk
    chunks = sum(num_chunks_of(frames, per_chunk) for frames in left)
    work = Work(len(left), sum(left), chunks)
    slots, cores = (
        settings.slots or slots_here(settings.scratch, settings.drawn_by),
        options["cores_per_slot"],
    )
    measured = _measured(settings, options["measured"], cores, is_begun=bool(done))
    prices = Prices(
        **{name: options[name] for name in ("core_hour", "gigabyte_month", "thousand_puts", "thousand_gets")}
    )

    def on(what: Work, slots: int) -> Estimate:
        return estimate(what, measured, prices, slots=slots, cores_per_slot=cores)

    seed = seed_work(per_chunk)
    return {
        "work": asdict(work),
        "done_before": len(done),
        "measured": asdict(measured),
        "prices": {**asdict(prices), "origin": PRICES_ARE_OF},
        "this_plan": asdict(on(work, slots)),
        "anchor": _anchor(work, seed),
        "games_22000": {
            "work": asdict(seed),
            "ours_on_one": asdict(on(seed, 1)),
            "ours_on_six": asdict(on(seed, 6)),
            "seed": {
                "bytes": SEED_BYTES,
                "days_on_one": SEED_DAYS_ON_ONE,
                "days_on_six": SEED_DAYS_ON_SIX,
            },
        },
    }


def _anchor(work: Work, seed: Work) -> dict[str, Any]:
    """Return what rendering Melee cost a public user, and what this work would cost the same way."""
    return {
        **asdict(PUBLIC_MELEE),
        "about": PUBLIC_MELEE.pace.describe(),
        "this_plan": {
            "hours": PUBLIC_MELEE.hours(work.frames),
            "dollars": PUBLIC_MELEE.dollars_for(work.frames),
        },
        "games_22000_days": PUBLIC_MELEE.hours(seed.frames) / 24,
    }


def _measured(settings: RunSettings, dataset: str | None, cores: float, *, is_begun: bool) -> Measured:
    """Choose the measured figures: of the named dataset, else of the run's own, a canary's, or known ones."""
    if dataset is not None:
        measured = measured_in(open_store(dataset))
        if measured is None:
            message = (
                f"{dataset} has no rendered game to measure by; render a few of its games first, or leave "
                "out --measured for figures from elsewhere"
            )
            raise ValueError(message)
        return measured
    own = measured_in(open_store(settings.out)) if is_begun else None
    return own or measured_by(_pace(settings), cores)


def _pace(settings: RunSettings) -> MeasuredPace:
    game = _game(settings)
    pace = nearest_pace(saved_paces(), settings.emulator, game) or nearest_pace(
        KNOWN_PACES, settings.emulator, game
    )
    assert pace is not None, "there is a known pace for each emulator with each of its games"
    return pace


def _game(settings: RunSettings) -> str:
    is_standin = settings.emulator == "standin" or settings.game_image == "standin"
    return STANDIN_GAME if is_standin else MELEE


def print_estimate(found: Mapping[str, Any], console: Console) -> None:
    """Print two tables: this plan's estimate, and that of 22,000 games beside the project's first figures."""
    work, plan = found["work"], found["this_plan"]
    table = Table(
        "this plan", "about", "from", "to", title=f"{work['games']:,} games, {work['frames']:,} frames"
    )
    hours, slots = Span(**plan["hours"]), plan["slots"]
    table.add_row(f"hours on {slots} slots", *_cells(hours, 1, "{:,.2f}"))
    table.add_row("core-hours", *_cells(hours, plan["cores"], "{:,.1f}"))
    table.add_row("video, GB", *_cells(Span(**plan["video_bytes"]), 1e-9, "{:,.3f}"))
    table.add_row("states, GB", *_cells(Span(**plan["states_bytes"]), 1e-9, "{:,.3f}"))
    table.add_row("requests", f"{plan['puts']:,} puts", f"{plan['gets']:,} gets", "")
    table.add_row("instances, USD", *_cells(Span(**plan["instance_dollars"]), 1, "{:,.2f}"))
    table.add_row("storage, USD a month", *_cells(Span(**plan["storage_dollars"]), 1, "{:,.2f}"))
    table.add_row("requests, USD", f"{plan['request_dollars']:,.2f}", "", "")
    console.print(table)
    large = found["games_22000"]
    one, six, seed = large["ours_on_one"], large["ours_on_six"], large["seed"]
    size = Span(**one["video_bytes"]).plus(Span(**one["states_bytes"]))
    table = Table("22,000 games, to compare", "about", "from", "to", "expected at first")
    table.add_row("GB", *_cells(size, 1e-9, "{:,.0f}"), f"{seed['bytes'] / 1e9:,.0f}")
    table.add_row(
        "days on 1 emulator", *_cells(days(Span(**one["hours"])), 1, "{:,.1f}"), f"{seed['days_on_one']:.0f}"
    )
    table.add_row(
        "days on 6 emulators", *_cells(days(Span(**six["hours"])), 1, "{:,.1f}"), f"{seed['days_on_six']:.0f}"
    )
    console.print(table)
    for line in (
        "Expected at first: what this project took 22,000 games to need before anything was measured.",
        f"Measured: {found['measured']['origin']}.",
        _anchor_line(found["anchor"]),
        f"Prices: {found['prices']['origin']}.",
    ):
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _anchor_line(anchor: Mapping[str, Any]) -> str:
    pace, plan = anchor["pace"], anchor["this_plan"]
    return (
        f"To compare, {anchor['about']}: {anchor['games_per_hour']:g} games an hour by all {pace['slots']}, "
        f"{anchor['dollars']:g} USD for {anchor['games']} games. On that machine, in that way, this plan "
        f"would take {plan['hours']:,.2f} hours and {plan['dollars']:,.2f} USD if it were Melee; "
        f"22,000 games take {anchor['games_22000_days']:,.0f} days."
    )


def _cells(span: Span, factor: float, form: str) -> list[str]:
    return [form.format(value * factor) for value in (span.usual, span.least, span.most)]
