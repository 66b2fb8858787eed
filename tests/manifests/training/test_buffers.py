"""A lent buffer of memory is never lent twice at the same time, and is used again when it is free."""

from __future__ import annotations

import pickle

import numpy as np

from manifests.training.buffers import BufferPool


def place(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_comes_back_only_when_the_last_view_is_gone():
    pool = BufferPool()
    first = pool.take((4, 100, 3))
    view = np.moveaxis(first[1:], -1, 0)[..., 5]
    where = place(first)
    del first
    second = pool.take((1200,))
    assert place(second) != where
    view[:] = 7
    second[:] = 9
    assert (view == 7).all()
    del view
    assert place(pool.take((300, 4))) == where


def test_other_sizes_have_other_memory_and_a_copy_starts_empty():
    pool = BufferPool()
    where = place(pool.take((64,)))
    assert pool.take((128,)).nbytes == 128
    assert place(pool.take((64,))) == where
    assert isinstance(pickle.loads(pickle.dumps(pool)), BufferPool)  # noqa: S301 - our own bytes
