"""Every reference model has a help text, ends with figures and a picture, and refuses bad input clearly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.manifests.reference.conftest import COMMANDS, figures_of, run_command

pytestmark = pytest.mark.torch
QUICK = ("--steps", "2", "--batch", "4", "--threads", "1")
PNG = b"\x89PNG"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_with_an_example(name: str):
    result = run_command(name, "--help")
    assert result.exit_code == 0
    assert f"python -m manifests.reference.{name} " in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_a_place_without_a_dataset_fails_in_one_line(name: str, tmp_path: Path):
    encoder = tmp_path / "encoder.npz"
    extra = ("--latents", tmp_path, "--encoder", encoder) if name == "video_model" else ()
    result = run_command(name, tmp_path, "--out", tmp_path / "out", *extra)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("rollout", (), {"by_step"}),
        ("rollout", ("--arch", "mlp", "--interleaved"), {"by_step"}),
        ("speculate", (), {"guesses", "lookahead", "two_policies"}),
        ("zero_shot", (), {"character", "held_out"}),
        ("int8", (), {"held_out"}),
        ("corrector", ("--model-steps", "1", "--judged", "32"), {"ways"}),
    ],
)
def test_a_command_gives_one_line_of_figures_and_a_picture(
    name: str, options: tuple[str, ...], expected: set[str], states: Path, tmp_path: Path
):
    found = figures_of(run_command(name, states, "--out", tmp_path, *QUICK, *options))
    assert found["model"] == name
    assert expected <= set(found)
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("state_model", ("--arch", "mlp", "--scheduled-sampling", "0.5"), "needs --arch gru"),
        ("state_model", ("--device", "cuda:17"), "torch sees a GPU"),
        ("state_model", ("--batch", "100000"), "does not fill one batch"),
        ("rollout", ("--interleaved",), "give --arch mlp"),
        ("zero_shot", ("--character", "NOBODY"), "NOBODY is in 0 of 6 games"),
    ],
)
def test_options_that_make_no_sense_fail_in_one_line(
    name: str, options: tuple[str, ...], message: str, states: Path, tmp_path: Path
):
    result = run_command(name, states, "--out", tmp_path, *options)
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert message in result.stderr


def test_a_run_is_gone_on_with_only_by_the_same_options(states: Path, tmp_path: Path):
    figures_of(run_command("state_model", states, "--out", tmp_path, *QUICK))
    result = run_command("state_model", states, "--out", tmp_path, *QUICK, "--seed", "1")
    assert result.exit_code == 1
    assert "is of a run with another seed" in result.stderr


def test_one_seed_gives_one_result(states: Path, tmp_path: Path):
    def judged(folder: str) -> tuple[Any, ...]:
        options = ("--category-loss", "2", "--embedding-loss", "1", "--scheduled-sampling", "0.5")
        found = figures_of(run_command("state_model", states, "--out", tmp_path / folder, *QUICK, *options))
        return found["held_out"], found["first_loss"], found["last_loss"]

    assert judged("one") == judged("other")
