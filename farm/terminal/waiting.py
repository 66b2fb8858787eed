"""Shows a live line on a terminal while a command works and has nothing to count; nothing elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


@contextmanager
def waiting(what: str, *, is_measuring: bool = False) -> Iterator[Callable[[str], object]]:
    """Say on stderr what the command is waiting for; yield a function that changes the text.

    Args:
        what: what the command is waiting for, in a few words.
        is_measuring: write the line once and do not update it, since a live line takes processor time.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _what: None
    elif is_measuring:
        console.print(f"{what} ...", highlight=False)
        yield lambda _what: None
    else:
        with console.status(what) as status:
            yield status.update


def counted(items: Iterable[T], what: str, tell: Callable[[str], object]) -> Iterator[T]:
    """Yield the items, and call `tell` with how many there were so far."""
    for number, item in enumerate(items):
        tell(f"{what}: {number:,}")
        yield item
