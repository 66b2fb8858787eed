"""Makes the report's rows from the JSON that each bench prints: pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from farm.bench._capture_ways import DRAINED_WAY, NO_DUMP_WAY, WORKER_WAY, X264_WAY
from farm.bench._default_trials import default_trials
from farm.bench._report import ReportRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Answers: TypeAlias = Mapping[str, Any]
"""The answers of the benches before this one, by their names."""
Rows: TypeAlias = "Callable[[Any, Answers], Sequence[ReportRow]]"
CLIP_PICTURES = 40


def of_capture(found: Any, _: Answers) -> list[ReportRow]:
    """Compare a worker with its limits and peers, for each number of workers at once."""
    rows = []
    for count, one in found.items():
        ways = one["ways"]
        for ratio in one["ratios"]:
            bound = "at most" if ratio["is_at_most"] else "at least"
            rows.append(
                ReportRow(
                    f"{ratio['what']}{_at_once(count)}",
                    _cpu(ways, WORKER_WAY),
                    ", ".join(
                        f"{way} {_cpu(ways, way)}"
                        for way in ways
                        if way in ratio["what"] and way != WORKER_WAY
                    ),
                    f"{ratio['value']:.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})",
                    "" if ratio["aim"] is None else f"{bound} {ratio['aim']:.2f}",
                )
            )
        worker = ways[WORKER_WAY]
        rows.append(
            ReportRow(
                f"frames a second of a worker{_at_once(count)}",
                f"{worker['frames_per_second']['median']:,.0f}",
                ", ".join(
                    f"{way} {ways[way]['frames_per_second']['median']:,.0f}"
                    for way in (NO_DUMP_WAY, DRAINED_WAY, X264_WAY)
                    if way in ways
                ),
            )
        )
        memory, scratch = worker["memory_megabytes"]["median"], worker["scratch_megabytes"]["median"]
        rows.append(
            ReportRow(
                f"memory and scratch of a worker{_at_once(count)}", f"{memory:,.0f} MB, {scratch:,.0f} MB"
            )
        )
        if worker["right_share"] is not None:
            rows.append(
                ReportRow(f"right pairs{_at_once(count)}", f"{worker['right_share']:.2%}", aim="100 %")
            )
    return rows


def of_bytes(found: Any, _: Answers) -> list[ReportRow]:
    """Report bytes, processor time and quality of the default encoding at each CRF."""
    return [
        ReportRow(
            f"bytes a frame, {one['preset']}, CRF {one['crf']:g}",
            f"{one['bytes_per_frame']:,.0f}; {one['cpu_seconds_per_1000']:.1f} CPU s per 1,000",
            f"PSNR {one['psnr_db']:.1f} dB, SSIM {one['ssim']:.3f}",
            aim="1,449 for 300 GB",
        )
        for one in default_trials(found)
    ]


def of_state(found: Any, _: Answers) -> list[ReportRow]:
    """Compare our reading of replays into states with the readers that are installed here."""
    own = f"{found['table_ms_per_game']:.1f} ms a game of {found['frames_per_game']:,} frames"
    rows = [
        ReportRow(
            f"a replay into states, beside {name} (in this environment)",
            own,
            f"{found[f'{name}_ms_per_game']:,.1f} ms",
            f"{found[f'times_as_fast_as_{name}']:.2f} times as fast",
        )
        for name in ("peppi", "libmelee")
        if f"{name}_ms_per_game" in found
    ]
    return rows or [ReportRow("a replay into states", own)]


def of_reader(name: str) -> Rows:
    """Return a function that compares another reader with ours, on the same replays."""

    def rows(found: Any, answers: Answers) -> list[ReportRow]:
        theirs = 1000 * sum(found) / len(found)
        ours = answers.get("state", {}).get("table_ms_per_game")
        return [
            ReportRow(
                f"a replay into states, beside {name}",
                "-" if ours is None else f"{ours:.1f} ms",
                f"{theirs:,.1f} ms",
                "" if ours is None else f"{theirs / ours:.2f} times as fast",
            )
        ]

    return rows


def of_loader(found: Any, _: Answers) -> list[ReportRow]:
    """Compare windows of pictures with decoding alone."""
    return [
        ReportRow(
            f"windows from {start}, frames a core second",
            f"{ways['loader']['frames_per_core_second']:,.0f}",
            f"PyAV, decoding back to back: {ways['limit']['frames_per_core_second']:,.0f}",
            f"{ways['loader_to_limit']:.2f}",
        )
        for kind, start in (("gop", "key frames"), ("random", "anywhere"))
        for ways in [found["dataset"][kind]]
    ]


def of_windows(name: str) -> Rows:
    """Return a function that compares random windows of a peer with ours."""

    def rows(found: Any, answers: Answers) -> list[ReportRow]:
        theirs = found["frames"] / found["cpu_seconds"]
        loader = answers.get("loader")
        ours = loader and loader["dataset"]["random"]["loader"]["frames_per_core_second"]
        return [
            ReportRow(
                "random windows, frames a core second",
                f"{ours:,.0f}" if ours else "-",
                f"{name}: {theirs:,.0f}",
                f"{ours / theirs:.2f} times as fast" if ours else "",
            )
        ]

    return rows


def of_own_clips(found: Any, _: Answers) -> list[ReportRow]:
    """Return no row: these clips are only compared with MIRA's."""
    assert found["clips"] > 0, "there are some"
    return []


def of_clips(found: Any, answers: Answers) -> list[ReportRow]:
    """Compare clips of stock MIRA with ours."""
    theirs, own = found["clips"] / found["cpu_seconds"], answers.get("clips")
    ours = own and own["clips"] / own["cpu_seconds"]
    return [
        ReportRow(
            f"clips of {CLIP_PICTURES} pictures at 20 a second, a core second",
            f"{ours:.1f}" if ours else "-",
            f"stock MIRA loader: {theirs:.1f}",
            f"{ours / theirs:.2f} times as fast" if ours else "",
        )
    ]


def of_sizes(found: Any, _: Answers) -> list[ReportRow]:
    """Compare pictures in training size with the peers' ways of making them."""
    paces = {name: one["pictures_per_core_second"] for name, one in found["size"].items()}
    ours = paces.pop("resized while decoding")
    others = {name: pace for name, pace in paces.items() if name != "full size"}
    return [
        ReportRow(
            "pictures at 288x384, a core second",
            f"{ours:,}",
            ", ".join(f"{name} {pace:,}" for name, pace in others.items()),
            ", ".join(f"{ours / pace:.1f}" for pace in others.values()),
        )
    ]


def of_state_windows(found: Any, _: Answers) -> list[ReportRow]:
    """Compare windows of states with NumPy's gather, for each length."""
    aims = {"K=10": "50,000", "K=60": "15,000"}
    return [
        ReportRow(
            f"windows of states and inputs, {length}, a core second",
            f"{one['one rank']:,}",
            f"NumPy's gather of the same rows: {one['numpy gather']:,}",
            f"{one['one rank'] / one['numpy gather']:.3f}",
            aims.get(length, ""),
        )
        for length, one in found["state"].items()
        if length.startswith("K=")
    ]


def of_makespan(found: Any, _: Answers) -> list[ReportRow]:
    """Compare simulated runs with their ideal: the worst seed of each farm."""
    rows: dict[str, Any] = {}
    for one in found["measured"]:
        name = f"{one['games']:,} games on {one['slots']} slots, simulated, {one['weather']} weather"
        if name not in rows or one["over_ideal"] > rows[name]["over_ideal"]:
            rows[name] = one
    return [
        ReportRow(
            name,
            f"{one['hours']:,.2f} h",
            f"ideal {one['ideal_hours']:,.2f} h",
            f"{one['over_ideal']:.4f}",
            f"at most {found['aim']}",
        )
        for name, one in rows.items()
    ]


def of_scale(found: Any, _: Answers) -> list[ReportRow]:
    """Report every step whose cost grows with the games, at the largest size, with its exponent."""
    exponents = {one["step"]: one["exponent"] for one in found["growth"]}
    largest = {one["step"]: one for one in sorted(found["measured"], key=lambda one: one["games"])}
    return [
        ReportRow(
            f"{step}, {one['games']:,} {'replays' if step == 'scan' else 'games'}",
            f"{one['cost']['cpu_seconds']:.1f} CPU s, {one['cost']['megabytes_peak']:.0f} MB",
            f"{one['cost']['cpu_seconds'] / one['games'] * 1000:.2f} ms a game",
            f"games^{exponents[step]:.2f}" if step in exponents else "",
            "linear or less",
        )
        for step, one in largest.items()
    ]


def of_scheduling(found: Any, _: Answers) -> list[ReportRow]:
    """Report the driver's cost of handing out a game."""
    return [
        ReportRow(
            f"handing out {found['games']:,} games that do nothing ({found['pool']})",
            f"{found['driver_cpu_ms_per_game']:.2f} ms of the driver a game",
            f"{found['driver_megabytes_peak']:.0f} MB at most",
        )
    ]


def of_slots(found: Any, _: Answers) -> list[ReportRow]:
    """Report the number of slots at which this machine renders most."""
    paces = [f"{one['slots']}: {one['frames_per_second']:,.0f}" for one in found["measured"]]
    return [
        ReportRow(
            "best number of slots here", f"{found['best']}", f"frames a second by slots: {', '.join(paces)}"
        )
    ]


def of_roadmap(found: Any, _: Answers) -> list[ReportRow]:
    """Report all games in days, dollars and gigabytes, with the project's first figures."""
    rows = [
        ReportRow(
            f"22,000 games of 207 million frames, emulators: {one['emulators']}, cores: {one['cores']}",
            f"{one['days']:.1f} days, {one['dollars']:,.0f} USD",
            f"{one['frames_per_second']:.0f} frames/s each",
            aim="" if one["aim_days"] is None else f"{one['aim_days']:.0f} days",
        )
        for one in found["rows"]
    ]
    sizes = ", ".join(f"{size:,.0f} GB ({name})" for name, size in found["gigabytes"].items())
    return [*rows, ReportRow("the same, video and states", sizes, aim="300 GB")]


def _at_once(count: str) -> str:
    return "" if count == "1" else f", {count} at once"


def _cpu(ways: Mapping[str, Any], way: str) -> str:
    spread = ways[way]["cpu_seconds_per_1000"]
    return f"{spread['median']:.1f} ({spread['low']:.1f}-{spread['high']:.1f}) CPU s per 1,000"
