"""Apply a function to many items on a few threads, and give the results in the items' order."""

from __future__ import annotations

import itertools
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Item = TypeVar("Item")
Result = TypeVar("Result")

_PER_THREAD: Final = 3
"""How many items per thread may be in work, or finished but not yet taken; this bounds memory."""


def read_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int
) -> Iterator[tuple[Item, Result]]:
    """Yield each item with its result, in order, while threads work on the next items.

    Args:
        function: called on other threads, with one item each.
        items: advanced by the consumer's own thread, a bounded number of items ahead of it.
        num_threads: at least 1.

    Raises:
        Exception: whatever `function` raised, when its item's turn comes.
    """
    remaining = iter(items)
    begun: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(num_threads) as pool:
        try:
            while True:
                for item in itertools.islice(remaining, num_threads * _PER_THREAD - len(begun)):
                    begun.append((item, pool.submit(function, item)))
                if not begun:
                    return
                item, future = begun.popleft()
                yield item, future.result()
        finally:  # a consumer that stops early waits for calls that run, not for those that wait
            for _, future in begun:
                future.cancel()
