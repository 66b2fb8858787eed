"""The figures that Prometheus gets of a run, read from the endpoint that Prometheus reads."""

from __future__ import annotations

import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from null_renderer import NullSettings, NullTask, give_up, render_nothing

from farm.engine.loop import run
from farm.engine.metrics import FIGURES
from farm.engine.pool import Breakage, JobBroke, JobReturned, SlotClosed
from farm.engine.stopping import StopSignals
from farm.pools.local_pool import LocalPool
from farm.settings import RunSettings
from manifests.ledger.entry import done_game_ids, read_entries
from manifests.ledger.reasons import Reason
from manifests.store.open import open_store
from workers.errors import EnvironmentFailed
from workers.job import GameResult
from workers.standin.recorder import record_match

pytest.importorskip("prometheus_client", reason="the extra `render` is not installed")
from farm.engine.metrics_server import metrics_server  # imported after the skip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from farm.engine.metrics import RunMetrics

DASHBOARD = Path(__file__).resolve().parents[3] / "docker/metrics/farm.json"
_NODE_FIGURES = {"ray_node_cpu_utilization", "ray_node_mem_used"}  # Ray's own figures
_LINE = re.compile(r"^(\w+)(?:{(.*)})? ([0-9.e+]+)$")


def scraped(port: int) -> dict[tuple[str, str], float]:
    """The figures by name and labels, from the text that the endpoint serves."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = (_LINE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {(match[1], match[2] or ""): float(match[3]) for match in found if match}


def result(status: str, **more: object) -> GameResult:
    fields = {"reason": None, "detail": "", "num_frames": 600, "wall_seconds": 10.0} | more
    return GameResult("0" * 64, status, **fields)  # type: ignore[arg-type]


def test_a_run_of_null_games_is_told_as_it_went(tmp_path: Path):
    (tmp_path / "ledger").mkdir()
    settings = NullSettings(ledger=tmp_path / "ledger", scratch_base=tmp_path / "scratch")
    tasks = [NullTask(f"game-{n:04}", behaviour="be refused" if n == 2 else "") for n in range(7)]
    with metrics_server(0) as (metrics, port):
        with LocalPool(render_nothing, settings, num_slots=2) as pool:
            summary = run(
                tasks, pool, give_up=give_up, stop=StopSignals(),
                on_counts=metrics.on_counts, on_result=metrics.on_result, on_event=metrics.on_event,
            )  # fmt: skip
        found = scraped(port)
    assert found["farm_games", 'state="committed"'] == summary.counts.committed == 6
    assert found["farm_games", 'state="set_aside"'] == 1
    assert found["farm_games", 'state="waiting"'] == 0
    assert found["farm_set_aside", f'reason="{summary.set_aside[0].reason}"'] == 1
    assert found["farm_frames_done", ""] == found["farm_frames_total", ""] == 7 * 600
    assert found["farm_slots", ""] == summary.counts.num_slots


def test_results_add_up():
    with metrics_server(0) as (metrics, port):
        said = (("stamp", "agrees"), ("log", "cannot_tell"))
        for _ in range(3):
            metrics.on_result(result("committed", video_bytes=1000, evidence=said))
        metrics.on_result(result("set_aside", reason=Reason.MISALIGNED))
        metrics.on_result(result("already_done", video_bytes=5, evidence=said))
        found = scraped(port)
    assert found["farm_video_bytes", ""] == 3000
    assert found["farm_evidence", 'name="stamp",says="agrees"'] == 3
    assert found["farm_evidence", 'name="log",says="cannot_tell"'] == 3
    assert found["farm_set_aside", 'reason="misaligned"'] == 1


@pytest.mark.parametrize("end", [SlotClosed("a/0"), JobBroke("a/0", Breakage.WORKER_DIED, "")])
def test_a_slot_has_its_pace_until_it_is_gone(end: SlotClosed | JobBroke):
    def pace(metrics: RunMetrics, port: int) -> Mapping[str, float]:
        name = "farm_worker_frames_per_second"
        return {labels: value for (each, labels), value in scraped(port).items() if each == name}

    with metrics_server(0) as (metrics, port):
        metrics.on_event(JobReturned("a/0", result("committed")))
        metrics.on_event(JobReturned("a/1", result("attempt_failed")))
        assert pace(metrics, port) == {'worker="a/0"': 60.0, 'worker="a/1"': 0.0}
        metrics.on_event(end)
        assert pace(metrics, port) == {'worker="a/1"': 0.0}


def test_a_port_that_is_taken_fails_in_words():
    with metrics_server(0) as (_, port), pytest.raises(EnvironmentFailed, match="--metrics-port"):
        metrics_server(port).__enter__()


def test_other_addresses_of_this_machine_are_not_served_unless_asked_for():
    with metrics_server(0) as (_, port), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), 5)


def test_nothing_is_served_afterwards():
    with metrics_server(0) as (_, port):
        assert scraped(port)
    with pytest.raises(urllib.error.URLError):
        scraped(port)


def test_every_metric_of_the_dashboard_exists_and_every_metric_is_on_it():
    expressions = " ".join(
        target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]
    )
    named = set(re.findall(r"(?:\(ray_\)\?)?(farm_\w+)", expressions))
    assert named == set(FIGURES)
    assert set(re.findall(r"\bray_node_\w+", expressions)) == _NODE_FIGURES


@pytest.mark.dolphin
def test_a_real_run_is_told_as_it_went(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from farm.run import local_slots, run  # noqa: PLC0415 - only where Dolphin is
    from farm.terminal.report import TerminalReport  # noqa: PLC0415

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.slp").write_bytes(record_match(3, num_frames=60))
    with metrics_server(0) as (metrics, port):
        settings = RunSettings(replays=(str(tmp_path / "in"),), out=str(tmp_path / "out"), emulator="standin")
        run(settings, local_slots(settings, 1), TerminalReport(num_slots=1, metrics=metrics))
        found = scraped(port)
    store = open_store(str(tmp_path / "out"))
    (entry,) = read_entries(store, done_game_ids(store))
    assert found["farm_games", 'state="committed"'] == 1
    assert found["farm_frames_done", ""] == entry.num_frames
    assert found["farm_video_bytes", ""] == sum(chunk.video.size_bytes for chunk in entry.chunks)
    assert found["farm_evidence", 'name="stamp",says="agrees"'] == 1
    ((_, rate),) = [item for item in found.items() if item[0][0] == "farm_worker_frames_per_second"]
    assert 0 < rate < 10_000


@pytest.mark.ray
@pytest.mark.slow
def test_ray_takes_every_figure(ray_cluster: object):
    from farm.pools.ray_metrics import RaySink  # noqa: PLC0415 - only where Ray is

    sink = RaySink()
    for name, figure in FIGURES.items():
        labels = dict.fromkeys(figure.labels, "x")
        sink.set(name, 1.0, labels)
        sink.forget(name, labels)
