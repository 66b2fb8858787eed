from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from farm.machine.gpu import cards_here, free_memory, within_gpu_memory
from workers.errors import EnvironmentFailed

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def test_each_card_has_its_free_memory():
    assert free_memory("143000\n  80 \n\n") == (143_000 * MIB, 80 * MIB)


def test_a_driver_that_does_not_answer_fails():
    with pytest.raises(EnvironmentFailed, match="NVIDIA-SMI has failed"):
        free_memory("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n")


@pytest.mark.parametrize(
    ("cards", "slots"),
    [
        ((700 * MIB, 700 * MIB), 2),  # no slot can use the memory of two cards
        ((9000 * MIB,), 8),  # the cores run out first
        ((100 * MIB,), 1),
        ((), 8),  # the cards' memory is not known
    ],
)
def test_the_cards_memory_bounds_the_slots(cards: tuple[int, ...], slots: int):
    assert within_gpu_memory(8, cards, 512 * MIB) == slots


def test_a_machine_without_the_driver_has_no_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cards_here() == ()


def test_the_driver_is_asked_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 2048\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cards_here() == (2048 * MIB,)
