from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.machine.gpu import cards_here, free_memory, slots_by_memory
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def test_each_card_has_its_free_memory():
    assert free_memory("143000\n  80 \n\n") == (143_000 * MIB, 80 * MIB)


def test_a_driver_that_does_not_answer_fails():
    with pytest.raises(EnvironmentFailed, match="NVIDIA-SMI has failed"):
        free_memory("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")


def test_an_emulator_does_not_lie_on_two_cards():
    assert slots_by_memory((700 * MIB, 700 * MIB), 512 * MIB) == 2


def test_a_machine_without_the_driver_has_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cards_here() == ()


def test_the_driver_is_asked_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 2048\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cards_here() == (2048 * MIB,)
