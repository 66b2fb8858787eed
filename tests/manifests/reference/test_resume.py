"""A training run that is killed and started again has the same losses, to all digits, as one that was not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Self

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")

from manifests.reference import latents as encoder  # noqa: E402
from manifests.side_tables.writer import SideTableWriter  # noqa: E402
from manifests.training.open import open_dataset  # noqa: E402
from tests.manifests.reference.conftest import run_command  # noqa: E402

pytestmark = [pytest.mark.torch, pytest.mark.slow]
STEPS = 8
QUICK = ["--steps", str(STEPS), "--batch", "4", "--threads", "1"]
DEADLINE_SECONDS = 200


class Ranks:
    """Processes that run one command together, as torchrun starts them; all are killed at the end."""

    def __init__(self, module: str, arguments: list[str], world_size: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", f"manifests.reference.{module}", *arguments, "--save-every", "1"],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
                env={**os.environ, "RANK": str(rank), "WORLD_SIZE": str(world_size), "LOCAL_RANK": str(rank),
                     "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)},
            )
            for rank in range(world_size)
        ]  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=DEADLINE_SECONDS)

    def wait_for(self, line: str) -> None:
        """Read the first rank's output up to this text."""
        stderr = self.processes[0].stderr
        assert stderr is not None
        said = []
        for found in stderr:
            said.append(found)
            if found.startswith(line):
                return
        pytest.fail("".join(said))


def losses_of(out: Path) -> list[float]:
    found: list[float] = torch.load(out / "checkpoint.pt", weights_only=True)["losses"]
    return found


def check_that_a_killed_run_goes_on(
    module: str, arguments: list[str], tmp_path: Path, world_size: int = 1, killed_at: int = 5
) -> None:
    # Evaluation and plots, which follow the last step, are not tested here, so the processes are killed then.
    last = f"step {STEPS} of {STEPS}"
    with Ranks(module, [*arguments, "--out", str(tmp_path / "whole")], world_size) as ranks:
        ranks.wait_for(last)
    again = [*arguments, "--out", str(tmp_path / "killed")]
    with Ranks(module, again, world_size) as ranks:
        ranks.wait_for(f"step {killed_at} of {STEPS}")
    assert killed_at <= len(losses_of(tmp_path / "killed")) < STEPS
    with Ranks(module, again, world_size) as ranks:
        ranks.wait_for(last)
    assert len(losses_of(tmp_path / "whole")) == STEPS
    assert losses_of(tmp_path / "killed") == losses_of(tmp_path / "whole")


def test_a_state_model_that_is_killed_on_two_ranks_goes_on(states: Path, tmp_path: Path):
    check_that_a_killed_run_goes_on("state_model", [str(states), *QUICK], tmp_path, world_size=2)


@pytest.fixture(scope="module")
def video_arguments(sound: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments for the video model: latents of noise for three games, and an encoder that fits them."""
    folder = tmp_path_factory.mktemp("latents")
    random = np.random.default_rng(0)
    dataset = open_dataset(sound, window=1, fields=["p0.x"], cache=None, as_torch=False)
    writer = SideTableWriter(folder / "latents", about={"encoder": "noise"})
    for chunk in range(dataset.num_chunks):
        span = dataset.span(chunk)
        writer.write(span, random.normal(size=(span.num_frames, 4, *encoder.GRID)).astype(np.float16))
    np.savez(folder / "encoder.npz", mean=np.zeros(192, np.float32), axes=np.eye(192, 4, dtype=np.float32))
    made = ["--latents", str(folder / "latents"), "--encoder", str(folder / "encoder.npz")]
    return [str(sound), *made, "--drawn", "8", *QUICK]


@pytest.mark.parametrize("world_size", [1, 2])
def test_a_video_model_that_is_killed_goes_on(video_arguments: list[str], tmp_path: Path, world_size: int):
    check_that_a_killed_run_goes_on("video_model", video_arguments, tmp_path, world_size)


def test_a_video_model_ends_with_a_clip(video_arguments: list[str], tmp_path: Path):
    result = run_command("video_model", *video_arguments, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert '"control_largest_difference": 0.0' in result.stdout
    assert (tmp_path / "clip.mp4").stat().st_size > 0
    assert (tmp_path / "picture.jpg").read_bytes().startswith(b"\xff\xd8")


def test_an_encoder_that_did_not_make_the_latents_fails(video_arguments: list[str], tmp_path: Path):
    other = tmp_path / "other.npz"
    np.savez(other, mean=np.zeros(192, np.float32), axes=np.eye(192, 5, dtype=np.float32))
    result = run_command("video_model", *video_arguments, "--out", tmp_path, "--encoder", other)
    assert result.exit_code == 1
    assert "has 4 channels" in result.stderr
