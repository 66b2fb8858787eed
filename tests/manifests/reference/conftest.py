"""Small datasets that the reference models train on in seconds."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

COMMANDS = (
    "state_model", "rollout", "speculate", "zero_shot", "int8", "corrector", "latents", "video_model",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_cache_and_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)  # since tests share the cores
    monkeypatch.setenv("DOLPHIN_FARM_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of states alone, with six recorded games of five seconds."""
    from farm.cli import farm  # noqa: PLC0415 - brings the render side along

    replays, out = tmp_path_factory.mktemp("replays"), tmp_path_factory.mktemp("states")
    for arguments in (
        ["record", "--games", "6", "--seconds", "5", "--out", str(replays)],
        [
            "states",
            "--replays",
            str(replays),
            "--out",
            str(out),
            "--workers",
            "1",
            "--frames-per-chunk",
            "300",
        ],
    ):
        result = CliRunner().invoke(farm, arguments)
        assert result.exit_code == 0, result.output
    return out


def run_command(name: str, *arguments: str | Path) -> Result:
    """Run a command of `manifests.reference` in this process."""
    module = importlib.import_module(f"manifests.reference.{name}")
    return CliRunner().invoke(module.command, [str(one) for one in arguments])


def figures_of(result: Result) -> dict[str, Any]:
    """Read the line of JSON that a command printed."""
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found
