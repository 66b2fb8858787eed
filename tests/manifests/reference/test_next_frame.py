"""The example that people copy runs, and is short."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch is not installed: make extras-torch")
pytestmark = pytest.mark.torch


def test_the_example_has_fifty_lines_and_ends_with_two_errors(
    sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOLPHIN_FARM_CACHE", str(tmp_path))
    example = importlib.import_module("manifests.reference.next_frame")
    assert len(Path(str(example.__file__)).read_text().splitlines()) <= 50
    ours, copied = example.main(str(sound))
    assert copied < 1e-4  # grey throughout but for the stamps, which it must not see
    assert ours < 1e-2
