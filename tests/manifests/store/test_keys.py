"""The keys of a dataset's objects are built by pure functions, and can be parsed again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests.store import keys

GAME_ID = "0123456789abcdef" * 4
NUMBERS = st.integers(0, 10**8)


def test_keys_are_as_the_design_has_them():
    assert keys.video_key(0) == "videos/observation.images.game/chunk-000/file-000.mp4"
    assert keys.video_key(1_234_567) == "videos/observation.images.game/chunk-1234/file-567.mp4"
    assert keys.states_key(75_001) == "states/chunk-075/file-001.parquet"
    assert keys.ledger_key(GAME_ID) == f"ledger/{GAME_ID}.json"
    assert keys.plan_key(0) == "plan/0000.parquet"
    assert keys.manifest_key(12, "games") == "manifest/0012/games.parquet"
    assert keys.snapshot_key(12) == "manifest/0012/snapshot.json"


def test_another_edition_keeps_folder_and_last_digits():
    assert keys.video_key(2_007, edition=3) == "videos/observation.images.game/chunk-002/file-3007.mp4"


@given(st.sampled_from(["video", "states"]), NUMBERS, st.integers(0, 500))
def test_a_data_key_is_read_back(kind: keys.Kind, file_number: int, edition: int):
    name = keys.DataName(kind, file_number, edition)
    assert keys.parse_data_key(keys.data_key(name)) == name
    assert keys.check_key(keys.data_key(name)) == keys.data_key(name)


@given(st.tuples(NUMBERS, st.integers(0, 500)), st.tuples(NUMBERS, st.integers(0, 500)))
def test_different_chunks_never_share_a_key(one: tuple[int, int], other: tuple[int, int]):
    assert (keys.video_key(*one) == keys.video_key(*other)) == (one == other)


def test_lerobots_template_gives_the_same_key():
    for key in (keys.video_key(75_001), keys.video_key(75_001, edition=2)):
        chunk_index, file_index = keys.lerobot_position(key)
        template = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
        assert key == template.format(
            video_key=keys.VIDEO_FEATURE, chunk_index=chunk_index, file_index=file_index
        )


@pytest.mark.parametrize(
    "key",
    [
        "videos/observation.images.game/chunk-000/file-000.parquet",  # the suffix of the other kind of file
        "states/chunk-000/file-000.mp4",
        "states/chunk-00/file-000.parquet",  # too few digits
        "states/chunk-0000/file-000.parquet",  # too many
        "states/chunk-000/file-0000.parquet",
        "other/chunk-000/file-000.parquet",
        "states/chunk-000/file-000.parquet.bak",
        "dataset.json",
    ],
)
def test_what_is_no_data_key_is_not_read_as_one(key: str):
    assert keys.parse_data_key(key) is None


@given(NUMBERS)
def test_plan_numbers_are_read_back(number: int):
    assert keys.plan_number_of(keys.plan_key(number)) == number


@pytest.mark.parametrize("key", ["plan/1.parquet", "plan/00001.parquet", "plan/0001.json", "x/0001.parquet"])
def test_what_is_no_plan_is_not_read_as_one(key: str):
    assert keys.plan_number_of(key) is None


def test_a_ledger_key_gives_its_game():
    assert keys.game_id_of_ledger_key(keys.ledger_key(GAME_ID)) == GAME_ID
    for other in (f"ledger/{GAME_ID}", f"ledger/x{GAME_ID}.json", f"{GAME_ID}.json", "ledger/README.json"):
        assert keys.game_id_of_ledger_key(other) is None


def test_snapshot_objects_give_their_number():
    assert keys.snapshot_number_of("manifest/0003/games.parquet") == 3
    assert keys.snapshot_number_of("manifest/0003/snapshot.json") == 3
    assert keys.snapshot_number_of(keys.CURRENT_KEY) is None


@pytest.mark.parametrize("game_id", ["", "0" * 63, "0" * 65, "G" * 64, "A" * 64, "../" + "0" * 61])
def test_what_is_no_sha256_is_no_game(game_id: str):
    with pytest.raises(ValueError, match="64 digits"):
        keys.ledger_key(game_id)


def test_negative_numbers_are_refused():
    for make in (keys.video_key, keys.states_key, keys.plan_key, keys.snapshot_key):
        with pytest.raises(ValueError, match="counts from 0"):
            make(-1)
    with pytest.raises(ValueError, match="counts from 0"):
        keys.video_key(0, edition=-1)
