"""Pages that ask again and again make the server look into the store only once in ten seconds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from farm.browse.live import follower as browse_follower
from farm.browse.live.follower import PROGRESS_SECONDS, Follower
from manifests.store.contract import StoreFailed

if TYPE_CHECKING:
    from manifests.store.contract import Store


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(browse_follower.time, "monotonic", lambda: now[0])
    return now


class Looks:
    """Stands for the observer of the store: numbers its looks, or fails."""

    def __init__(self) -> None:
        self.number = 0
        self.fails = False

    def look(self) -> dict[str, int]:
        if self.fails:
            message = "the store is away"
            raise StoreFailed(message)
        self.number += 1
        return {"look": self.number}


@pytest.fixture
def followed(sound_store: Store) -> tuple[Follower, Looks]:
    follower, looks = Follower(sound_store), Looks()
    follower._observer = looks  # type: ignore[assignment]
    return follower, looks


def test_what_is_told_is_json(sound_store: Store):
    found = Follower(sound_store).now()
    assert json.loads(json.dumps(found))["status"]["num_committed"] == 3


def test_it_looks_again_only_after_a_while(followed: tuple[Follower, Any], clock: list[float]):
    follower, _ = followed
    assert follower.now() == {"look": 1}
    clock[0] += PROGRESS_SECONDS
    assert follower.now() == {"look": 1}
    clock[0] += 0.001
    assert follower.now() == {"look": 2}


def test_a_look_that_failed_is_told_and_not_kept(followed: tuple[Follower, Looks], clock: list[float]):
    follower, looks = followed
    looks.fails = True
    for _ in range(2):
        with pytest.raises(StoreFailed):
            follower.now()
    looks.fails = False
    assert follower.now() == {"look": 1}


def test_a_failure_does_not_lock_out_who_asks_next(followed: tuple[Follower, Looks], clock: list[float]):
    follower, looks = followed
    assert follower.now() == {"look": 1}
    clock[0] += 2 * PROGRESS_SECONDS
    looks.fails = True
    with pytest.raises(StoreFailed):
        follower.now()
    looks.fails = False
    assert follower.now() == {"look": 2}
