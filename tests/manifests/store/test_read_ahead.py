"""Reading ahead gives results in order, a limited number ahead, each error at its item, and ends at once."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from manifests.store.read_ahead import read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_results_come_in_order_and_few_items_ahead():
    begun: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            begun.append(number)
            yield number

    results = read_ahead(lambda number: number * number, items(), 2)
    assert not begun
    for number, (item, result) in enumerate(results):
        assert (item, result) == (number, number * number)
        assert len(begun) <= number + 6
    assert begun == list(range(100))


def test_an_error_comes_at_its_item():
    results = read_ahead(lambda number: 1 // (number - 2), range(9), 3)
    assert [next(results)[1], next(results)[1]] == [-1, -1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_who_stops_early_waits_only_for_what_runs():
    done: list[int] = []
    goes_on = threading.Event()

    def work(number: int) -> None:
        assert number == 0 or goes_on.wait(30)
        done.append(number)

    results = read_ahead(work, range(50), 1)
    next(results)
    threading.Timer(0.05, goes_on.set).start()
    results.close()  # type: ignore[attr-defined]
    assert len(done) <= 2
