"""`farm bench loader` gives its figures, and says why where a comparison fails."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from farm.bench import _state_windows, loader
from farm.bench._distance import Distance, _cpu_seconds, _ratio
from farm.bench._window_times import WindowTimes
from farm.cli import farm
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path


def call(*words: object) -> Any:
    return CliRunner().invoke(farm, ["bench", "loader", *map(str, words)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure one round only, since the test is not about speed."""
    monkeypatch.setattr(loader, "_ROUNDS", 1)
    monkeypatch.setattr(loader, "_has_torchcodec", lambda: False)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_it_holds_the_loader_against_decoding_alone_on_both_kinds_of_windows(sound: Path):
    result = call("--dataset", sound, "--windows", 8, "--window", 4, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["dataset"]
    assert set(found) == {"gop", "random"}
    for kind in found.values():
        assert set(kind) == {"loader", "limit", "loader_to_limit"}
        assert kind["loader"]["windows"] == kind["limit"]["windows"] == 8
        assert kind["loader_to_limit"] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_nothing_is_left_beside_the_dataset(sound: Path):
    before = sorted(sound.parent.iterdir())
    assert call("--dataset", sound, "--windows", 8, "--window", 4).exit_code == 0
    assert sorted(sound.parent.iterdir()) == before


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_the_table_has_a_line_for_each_figure(sound: Path):
    output = call("--dataset", sound, "--windows", 8, "--window", 4).stdout
    for words in ("dataset gop loader", "dataset random limit", "dataset gop loader_to_limit"):
        assert words in output


def lerobot(folder: Path, script: str) -> dict[str, Any]:
    """The figures where LeRobot's script is replaced by another one."""
    python = folder / "python"
    python.write_text(f"#!{sys.executable}\n{script}\n")
    python.chmod(0o755)
    return loader.lerobot(str(python), folder, 16, 8, ours=600.0)


def test_lerobot_is_told_beside_ours(tmp_path: Path):
    answer = {"windows": 8, "frames": 128, "cpu_seconds": 1.28, "wall_seconds": 2.0}
    found = lerobot(tmp_path, f"print({json.dumps(json.dumps(answer))})")
    figures = {"windows": 8, "windows_per_second": 4.0, "frames_per_core_second": 100.0, "times_as_fast": 6.0}
    assert found == {"torchcodec": figures, "pyav": figures}


def test_a_lerobot_that_fails_is_told_by_its_last_line(tmp_path: Path):
    found = lerobot(tmp_path, "raise SystemExit('first line\\nno module lerobot')")
    assert found["pyav"] == {"failed": ["no module lerobot"]}


def test_a_lerobot_that_hangs_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loader, "_LEROBOT_SECONDS", 0.2)
    found = lerobot(tmp_path, "import time; time.sleep(60)")
    assert found["pyav"] == {"failed": ["not done within 0 s"]}


@pytest.mark.parametrize(
    "wrong",
    [("--windows", 7), ("--window", 0), ("--lerobot-python", "/no/such/python"), ("--core", -1)],
)
def test_what_cannot_be_measured_fails(sound: Path, wrong: tuple[str, object]):
    assert call("--dataset", sound, *wrong).exit_code == 2


def test_a_dataset_that_is_not_there_fails(tmp_path: Path):
    assert call("--dataset", tmp_path / "nothing").exit_code == 2


def test_without_an_s3_server_it_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    with pytest.raises(EnvironmentFailed, match="AWS_ENDPOINT_URL_S3 is not set; name the S3 server there"):
        Distance(tmp_path, "s3://bucket/set", 0.0, 16, 8, tmp_path).measure()


def test_twice_the_time_is_half_the_pace_in_the_usual_round():
    def rounds(*wall_seconds: float) -> list[WindowTimes]:
        return [WindowTimes(8, 128, 1.0, seconds) for seconds in wall_seconds]

    assert _ratio(rounds(1.0, 2.0, 9.0), rounds(2.0, 4.0, 9.0)) == 0.5


def test_a_server_elsewhere_has_no_processor_time_here():
    assert _cpu_seconds(None) == 0.0


def test_a_processs_time_only_grows():
    import os  # noqa: PLC0415 - here alone

    before = _cpu_seconds(os.getpid())
    sum(range(2_000_000))
    assert _cpu_seconds(os.getpid()) >= before


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_windows_of_states_stand_beside_their_limit_at_every_scale(
    sound: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(_state_windows, "_ROUNDS", 1)
    monkeypatch.setattr(_state_windows, "_SECONDS", 0.01)
    monkeypatch.setattr(_state_windows, "_BATCH", 4)
    monkeypatch.setattr(_state_windows, "_WORKERS", 1)
    result = call("--dataset", sound, "--state", "--hours", 0.01, "--games", 40, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout.splitlines()[-1])["state"]
    assert set(found) == {"K=10", "K=60", "cache", "many games"}
    assert set(found["K=10"]) >= {"one rank", "one of 8 ranks", "numpy gather", "ranks' share"}
    assert found["K=10"]["bytes a frame"] == 200
    assert found["cache"]["just below"]["share packed"] == 1.0
    assert found["many games"]["games"] == 40
    assert found["many games"]["windows"] == 40 * (2 * 81 + 11)


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_pictures_of_a_size_stand_beside_whole_ones(sound: Path):
    result = call("--dataset", sound, "--size", "64x128", "--windows", 8, "--window", 4, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["size"]
    assert {"full size", "resized while decoding", "OpenCV, resized by it"} <= set(found)
    assert all(one["pictures_per_core_second"] > 0 for one in found.values())


def test_a_size_that_is_none_is_named(sound: Path):
    result = call("--dataset", sound, "--size", "64")
    assert result.exit_code == 2
    assert "--size is ROWSxCOLUMNS, such as 288x384, both 1 or more; got '64'" in result.output
