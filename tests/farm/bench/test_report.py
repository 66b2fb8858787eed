"""`farm bench all` and `farm bench peers`: rows, the table, its place in a file, and missing results."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from farm.bench import _report_rows as rows
from farm.bench import all as report
from farm.bench import peers
from farm.bench._apart import FARM, said_by
from farm.bench._kept_answers import KeptAnswer, KeptAnswers
from farm.bench._peers import DONE, PEERS, installing, peer_named, reading
from farm.bench._report import BEGIN, END, MeasuredRows, ReportRow, markdown, with_generated
from farm.bench._report_plot import draw_scale
from farm.bench._report_sections import SECTIONS, Section, Workplace, in_words, read
from farm.cli import farm
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from tests.running import is_running
from workers.errors import EnvironmentFailed


def workplace(folder: Path, **changes: Any) -> Workplace:
    usual = {
        "dataset": folder / "set", "states": folder / "states", "replays": (folder / "1.slp",),
        "scratch": folder, "is_quick": True, "peers": None, "mira": None, "slippi_dolphin": None,
        "plots": None,
    }  # fmt: skip
    return Workplace(**{**usual, **changes})


def test_a_table_names_machine_day_and_command_in_every_row():
    row = ReportRow("pairs that are right | all", "1,800", "peers: 790", "2.28", "all")
    text = markdown([MeasuredRows("farm bench capture", "2 cores, 2026-11-30", (row,))])
    assert text.splitlines()[-1] == (
        "| pairs that are right / all | 1,800 | peers: 790 | 2.28 | all | 2 cores, 2026-11-30 "
        "| `farm bench capture` |"
    )


def test_what_is_written_by_hand_stays():
    text = f"# Benchmarks\n\n{BEGIN}\n\nold\n\n{END}\n\n## What did not help\n"
    assert with_generated(text, "new") == text.replace("old", "new")
    added = with_generated("# Benchmarks\n", "new")
    assert added.startswith("# Benchmarks\n\n" + BEGIN)
    assert with_generated(added, "newer") == added.replace("new\n", "newer\n")


@pytest.mark.parametrize("damaged", [BEGIN, END, f"{END} {BEGIN}"])
def test_a_mark_without_the_other_is_refused(damaged: str):
    with pytest.raises(ValueError, match="put the other one back"):
        with_generated(damaged, "new")


def test_a_command_is_said_without_throw_away_names(tmp_path: Path):
    at = workplace(tmp_path)
    loader = next(section for section in SECTIONS if section.name == "loader")
    assert in_words("mira", ["python", "x.py"], at) == "farm bench all --only mira --peers DIR"
    assert in_words("loader", loader.words(at), at) == "farm bench loader --dataset SET --windows 24"


def test_a_command_names_no_folder_of_the_machine_that_measured(tmp_path: Path):
    at = workplace(
        tmp_path, slippi_dolphin="/opt/dolphin/dolphin-emu", plots=Path("/srv/plots"), is_quick=False
    )
    commands = [
        in_words(section.name, section.words(at), at)
        for section in SECTIONS
        if section.name in {"slippi", "bytes"}
    ]
    assert commands == [
        "farm bench capture --emulator slippi --slippi-dolphin DOLPHIN --scratch DIR",
        "farm bench bytes --plot PLOTS/bytes.png --scratch DIR",
    ]


def test_peers_that_are_not_there_say_how_to_get_them(tmp_path: Path):
    for name in ("libmelee", "peppi", "slippi-js", "torchcodec", "lerobot"):
        section = next(section for section in SECTIONS if section.name == name)
        with pytest.raises(EnvironmentFailed, match="farm bench peers DIR"):
            section.words(workplace(tmp_path, peers=tmp_path))
    with pytest.raises(EnvironmentFailed, match="fetch it yourself"):
        next(section for section in SECTIONS if section.name == "mira").words(workplace(tmp_path))


def test_a_peer_reads_the_very_replays_that_we_read(tmp_path: Path):
    (tmp_path / "peppi").mkdir()
    (tmp_path / "peppi" / DONE).touch()
    section = next(section for section in SECTIONS if section.name == "peppi")
    words = section.words(workplace(tmp_path, peers=tmp_path))
    assert words[0] == str(tmp_path / "peppi" / "bin" / "python")
    assert words[-3:] == ["peppi", "1", str(tmp_path / "1.slp")]
    assert reading(peer_named("slippi-js"), tmp_path, tmp_path, 3, [tmp_path / "1.slp"])[3:] == [
        str(tmp_path / "slippi-js"), "3", str(tmp_path / "1.slp"),
    ]  # fmt: skip


def test_a_reader_is_held_against_our_own_time():
    answers = {"state": {"table_ms_per_game": 20.0}}
    (row,) = rows.of_reader("slippi-js")([0.5, 0.7], answers)
    assert (row.figure, row.limit, row.ratio) == ("20.0 ms", "600.0 ms", "30.00 times as fast")


def test_an_answer_that_cannot_be_read_is_an_error_of_that_bench_alone():
    with pytest.raises(ValueError, match="could not be read"):
        read(next(section for section in SECTIONS if section.name == "slots"), '{"best": 2}', {})


@pytest.mark.slow
def test_a_program_that_fails_says_its_last_line_and_one_that_lasts_is_ended(tmp_path: Path):
    with pytest.raises(EnvironmentFailed, match=r"^no such game$"):
        said_by([sys.executable, "-c", "import sys; print('x'); sys.exit('why\\nno such game')"], 20)
    with pytest.raises(EnvironmentFailed, match="cannot be run"):
        said_by([str(tmp_path / "none")], 20)
    pid_file = tmp_path / "pid"
    with pytest.raises(EnvironmentFailed, match="not done within 1 s"):
        said_by(["sh", "-c", f"sleep 60 & echo $! > {pid_file}; wait"], 1)
    deadline = time.monotonic() + 20
    while is_running(int(pid_file.read_text())):
        assert time.monotonic() < deadline, "what the program started is left"


@pytest.mark.slow
def test_what_fails_has_a_row_that_says_so_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def prepared(at: Workplace) -> str:
        return "farm render: no Dolphin"

    def good(found: Any, answers: rows.Answers) -> list[ReportRow]:
        return [ReportRow("good", str(found))]

    monkeypatch.setattr(report, "_prepare", prepared)
    monkeypatch.setattr(
        report,
        "SECTIONS",
        (
            Section("loader", lambda at: ["true", str(at.dataset)], good),
            Section("state", lambda at: [sys.executable, "-c", "import sys; sys.exit('broken')"], good),
            Section("slots", lambda at: ["true"], good, is_slow=True),
            Section("makespan", lambda at: ["echo", "3"], good),
        ),
    )
    out = tmp_path / "BENCHMARKS.md"
    out.write_text("# Benchmarks\n")
    result = CliRunner().invoke(
        farm,
        ["bench", "all", "--quick", "--out", str(out), "--scratch", str(tmp_path)],
        env={"FARM_MACHINE": "mine"},
    )
    assert result.exit_code == 0, result.output
    figures = [line.split(" | ")[1] for line in out.read_text().splitlines() if "mine" in line]
    assert figures == ["not measured: farm render: no Dolphin", "failed: broken", "left out by --quick", "3"]


def _sections(folder: Path) -> tuple[Section, ...]:
    """Two benches that count how often they are run; the second one's row also has the first one's result."""
    count = "import pathlib, sys; p = pathlib.Path(sys.argv[1]); n = len(p.read_text()) if p.exists() else 0"

    def words(name: str) -> list[str]:
        script = f"{count}; p.write_text('x' * (n + 1)); print(n + 1)"
        return [sys.executable, "-c", script, str(folder / name)]

    return (
        Section("state", lambda _: words("state"), lambda found, _: [ReportRow("state", f"run {found}")]),
        Section(
            "slots",
            lambda _: words("slots"),
            lambda found, answers: [ReportRow("slots", f"run {found} after {answers.get('state')}")],
        ),
    )


def _figures(out: Path) -> list[str]:
    return [line.split(" | ")[1] for line in out.read_text().splitlines() if " | run" in line]


@pytest.mark.slow
def test_what_is_kept_is_not_measured_again_but_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(report, "SECTIONS", _sections(tmp_path))
    out = tmp_path / "BENCHMARKS.md"

    def run(*options: str) -> list[str]:
        words = ["bench", "all", "--keep", str(tmp_path / "kept"), "--scratch", str(tmp_path)]
        result = CliRunner().invoke(farm, [*words, "--out", str(out), *options])
        assert result.exit_code == 0, result.output
        return _figures(out)

    assert run("--only", "state") == ["run 1"]
    assert run() == ["run 1", "run 1 after 1"]
    assert run("--only", "slots") == ["run 1", "run 2 after 1"]
    assert run("--only", "state") == ["run 2", "run 2 after 2"]


@pytest.mark.slow
def test_quick_figures_do_not_stand_in_for_whole_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(report, "SECTIONS", _sections(tmp_path)[:1])
    for options, figure in ((["--quick"], "run 1"), ([], "run 2"), (["--quick"], "run 1")):
        words = ["bench", "all", "--keep", str(tmp_path / "kept"), "--scratch", str(tmp_path), *options]
        assert figure in CliRunner().invoke(farm, words).output


def test_a_kept_answer_that_is_damaged_is_named(tmp_path: Path):
    (tmp_path / "state.json").write_text("{")
    result = CliRunner().invoke(farm, ["bench", "all", "--keep", str(tmp_path)])
    assert result.exit_code == 2
    assert "remove it to measure again" in result.output


@pytest.mark.slow
def test_a_kept_answer_of_another_version_has_a_row_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    answers = KeptAnswers(open_store(tmp_path / "kept"), is_quick=False)
    answers.put("slots", KeptAnswer("farm bench slots", "a machine", '{"best": 2}'))
    monkeypatch.setattr(report, "SECTIONS", tuple(one for one in SECTIONS if one.name == "slots"))
    words = ["bench", "all", "--keep", str(tmp_path / "kept"), "--scratch", str(tmp_path)]
    assert "kept by another version" in CliRunner().invoke(farm, words).output


def test_a_table_of_some_rows_is_not_written_over_all():
    result = CliRunner().invoke(farm, ["bench", "all", "--only", "state", "--out", "BENCHMARKS.md"])
    assert result.exit_code == 2
    assert "--out wants all rows" in result.output


@pytest.mark.slow
def test_the_farm_can_be_called_by_its_own_interpreter():
    assert "--quick" in said_by([*FARM, "bench", "all", "--help"], 60)


def test_every_peer_is_installed_by_name_into_its_own_folder(tmp_path: Path):
    for peer in PEERS:
        words = [word for command in installing(peer, tmp_path) for word in command]
        assert str(tmp_path / peer.name) in words
        assert set(peer.packages) <= set(words)
        assert not [word for word in words if "://" in word or "index" in word]


def test_slippi_js_is_skipped_loudly_where_there_is_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("farm.bench.peers.shutil.which", lambda _name: None)
    result = CliRunner().invoke(peers.command, [str(tmp_path), "--only", "slippi-js"])
    assert result.exit_code == 1
    assert "slippi-js: skipped, since there is no node" in result.output
    assert "not installed: slippi-js" in result.output


def test_a_peer_that_is_there_stays(tmp_path: Path):
    (tmp_path / "peppi").mkdir()
    (tmp_path / "peppi" / DONE).touch()
    result = CliRunner().invoke(peers.command, [str(tmp_path), "--only", "peppi"])
    assert (result.exit_code, result.output) == (0, "peppi: there already\n")


def test_a_step_is_shown_at_its_largest_size_with_its_exponent():
    example = {"step": "finalize", "games": 200, "cost": {"cpu_seconds": 0.5, "megabytes_peak": 180.0}}
    found = {
        "measured": [example],
        "growth": [{"step": "finalize", "exponent": 1.0, "kilobytes_per_game": 2}],
    }
    (row,) = rows.of_scale(json.loads(json.dumps(found)), {})
    assert (row.what, row.figure, row.ratio) == ("finalize, 200 games", "0.5 CPU s, 180 MB", "games^1.00")


@pytest.mark.slow
def test_growth_is_drawn(tmp_path: Path):
    cost = {"cpu_seconds": 0.5, "megabytes_peak": 180.0}
    draw_scale(
        [{"step": "audit", "games": games, "cost": cost} for games in (10, 100)], tmp_path / "scale.png"
    )
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.dolphin
@pytest.mark.slow
def test_what_the_benches_measure_with_is_made_beforehand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(report, "_QUICK_GAME", 240)
    at = workplace(tmp_path, mira=tmp_path / "a checkout")
    assert report._prepare(at) == ""
    assert open_manifest(at.dataset).games().num_rows == open_manifest(at.states).games().num_rows == 1
    assert (tmp_path / "mira" / "train" / "index.json").exists()
