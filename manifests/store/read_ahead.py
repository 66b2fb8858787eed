"""Do one thing to many items on a few threads, and hand the results over in the items' order."""

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
"""Items begun, or finished and not yet taken, per thread: what bounds memory."""


def read_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int
) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order, a bounded number of items ahead of the consumer.

    `items` is advanced by the consumer's own thread. What `function` raises is raised here, at its item.
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
        finally:  # a consumer that stops early waits for what runs, not for what would have run
            for _, future in begun:
                future.cancel()
