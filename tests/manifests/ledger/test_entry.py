"""A ledger entry is read back exactly as it was written, or refused."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from manifests.errors import RecordRefused
from manifests.ledger import entry as ledger
from manifests.ledger.entry import LedgerEntry, RunRecord, Status
from manifests.ledger.evidence import EVIDENCE_NAMES, Evidence
from manifests.ledger.plan import number_games
from manifests.ledger.reasons import Reason
from manifests.ledger.records import CharacterSeen, ChunkRecord, GameFacts, GopIndex, ObjectRef, PlayerFacts
from manifests.store.contract import Store
from manifests.store.keys import ledger_key, states_key, video_key
from manifests.store.open import open_store
from tests.fuzz.authors import entry_with_its_sum
from tests.manifests.conftest import RUN, Samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INTS = st.integers(-(2**31), 2**31 - 1)
st.register_type_strategy(int, st.integers(-(2**63), 2**63 - 1))  # for fields that `builds` fills by type
TEXT = st.text(max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SHA256 = st.binary(min_size=32, max_size=32).map(bytes.hex)
EVIDENCE = st.builds(
    Evidence,
    name=st.sampled_from(EVIDENCE_NAMES),
    available=st.just(True),
    offset_frames=INTS,
    confidence=st.floats(0, 1) | st.integers(0, 1),
    margin=st.none() | FLOATS,
    first_disagreement_slp_frame=st.none() | INTS,
    detail=TEXT,
) | st.builds(Evidence.abstain, st.sampled_from(EVIDENCE_NAMES), TEXT, margin=st.none() | FLOATS)
PLAYERS = st.builds(
    PlayerFacts,
    team=st.none() | INTS,
    player_hash=st.none() | TEXT,
    name=st.none() | TEXT,
    character_name=TEXT,
)
SEEN = st.builds(CharacterSeen, character_name=TEXT)
GAMES = st.builds(
    GameFacts, players=st.lists(PLAYERS, max_size=4).map(tuple), last_finalized_slp_frame=st.none() | INTS,
    timer_seconds=st.none() | INTS, start_at=st.none() | TEXT, match_id=st.none() | TEXT,
    characters_seen=st.none() | st.lists(SEEN, max_size=4).map(tuple),
)  # fmt: skip


@st.composite
def chunk_lists(draw: st.DrawFn) -> tuple[ChunkRecord, ...]:
    start, chunks = draw(st.integers(-123, 1000)), []
    for number in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 60), min_size=1, max_size=5))
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        gops = GopIndex.of(starts, sizes, starts, sizes)
        video, states = (
            ObjectRef(key, draw(st.integers(0, 10**9)), draw(SHA256))
            for key in (video_key(number), states_key(number))
        )
        evidence = draw(st.lists(EVIDENCE, max_size=2).map(tuple))
        avcc = draw(st.binary(max_size=8)).hex()
        chunks.append(ChunkRecord(number, start, start + sum(sizes), video, states, gops, avcc, evidence))
        start += sum(sizes)
    return tuple(chunks)


@st.composite
def entries(draw: st.DrawFn) -> LedgerEntry:
    run = RunRecord(
        draw(TEXT), draw(TEXT), draw(st.integers(1, 9)), draw(st.dictionaries(TEXT, FLOATS, max_size=3))
    )
    evidence = draw(st.lists(EVIDENCE, max_size=2).map(tuple))
    fingerprint = draw(st.dictionaries(TEXT, TEXT, max_size=3))
    game_id, split = draw(SHA256), draw(st.none() | TEXT)
    if draw(st.booleans()):
        return LedgerEntry(
            game_id, Status.COMMITTED, split, None, draw(TEXT), draw(GAMES), draw(SHA256),
            draw(chunk_lists()), evidence, fingerprint, run,
        )  # fmt: skip
    return LedgerEntry(
        game_id, Status.SET_ASIDE, split, draw(st.sampled_from(Reason)), draw(TEXT), draw(st.none() | GAMES),
        draw(st.none() | SHA256), (), evidence, fingerprint, run,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(entries())
def test_an_entry_comes_back_equal_and_gives_the_same_bytes(entry: LedgerEntry):
    data = entry.to_json()
    again = LedgerEntry.from_json(data)
    assert again == entry
    assert again.to_json() == data
    assert data.isascii()


def test_an_entry_from_before_the_characters_seen_is_read_and_hashed_as_it_was(samples: Any):
    entry = samples.committed(number_games([samples.to_plan(1)], 90, 0)[0])
    old = json.loads(entry.to_json())
    assert "characters_seen" not in old["content"]["game"]
    content = json.dumps(old["content"], sort_keys=True, separators=(",", ":")) + "\n"
    assert old["content_sha256"] == hashlib.sha256(content.encode()).hexdigest()
    assert LedgerEntry.from_json(entry.to_json()).game.characters_seen is None  # type: ignore[union-attr]


def test_the_characters_seen_are_part_of_what_is_hashed(samples: Any):
    entry = samples.committed(number_games([samples.to_plan(1)], 90, 0)[0])
    facts = dataclasses.replace(entry.game, characters_seen=(CharacterSeen(0, "SHEIK", 9),))
    noted = dataclasses.replace(entry, game=facts)
    assert noted.content_sha256() != entry.content_sha256()
    assert LedgerEntry.from_json(noted.to_json()) == noted


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(entries(), entries())
def test_circumstances_enter_no_hash(entry: LedgerEntry, other: LedgerEntry):
    rerun = dataclasses.replace(entry, run=other.run)
    assert rerun.content_sha256() == entry.content_sha256()


@settings(max_examples=30, deadline=None)
@given(entries(), st.data())
def test_a_changed_byte_is_refused_or_changes_only_circumstances(entry: LedgerEntry, data: st.DataObject):
    good = entry.to_json()
    place = data.draw(st.integers(0, len(good) - 2))
    bad = bytearray(good)
    bad[place] = data.draw(st.integers(0, 255))
    try:
        read = LedgerEntry.from_json(bytes(bad))
    except RecordRefused:
        return
    assert dataclasses.replace(read, run=entry.run) == entry


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(entries(), st.data())
def test_a_cut_entry_is_refused(entry: LedgerEntry, data: st.DataObject):
    good = entry.to_json()
    with pytest.raises(RecordRefused, match="not JSON"):
        LedgerEntry.from_json(good[: data.draw(st.integers(0, len(good) - 3))])


def test_another_schema_version_is_refused(samples: Any):
    plain = json.loads(samples.set_aside(1).to_json())
    plain["schema_version"] = 2
    with pytest.raises(RecordRefused, match="schema version 2; this program reads 1"):
        LedgerEntry.from_json(json.dumps(plain).encode())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("split"), r"missing fields \['split'\]"),
        (lambda c: c.update(extra=1), r"unknown fields \['extra'\]"),
        (lambda c: c.update(detail=5), "entry.detail: a str is wanted, got 5"),
        (lambda c: c.update(detail="\ud800"), "entry.detail: text of whole characters is wanted"),
        (lambda c: c["fingerprint"].update({"\udc00": "x"}), "entry.fingerprint: text of whole characters"),
        (lambda c: c.update(status="lost"), "entry.status: one of"),
        (lambda c: c["game"].update(stage_id="31"), "entry.game.stage_id: a int is wanted, got '31'"),
        (lambda c: c["game"].update(stage_id=True), "entry.game.stage_id: a int is wanted, got True"),
        (lambda c: c["game"].update(truncated=0), "entry.game.truncated: a bool is wanted, got 0"),
        (lambda c: c["game"]["players"][1].pop("port"), r"players\[1\]: missing fields \['port'\]"),
        (lambda c: c["evidence"][0].update(confidence=1.5), r"evidence\[0\]: evidence has"),
        (lambda c: c["evidence"].append(7), r"evidence\[1\]: an object is wanted, got 7"),
        (lambda c: c.update(chunks={}), "entry.chunks: a list is wanted"),
        (lambda c: c.update(reason=None), "a game that is set aside has a reason"),
        (lambda c: c.update(game_id="x"), "64 digits"),
        (lambda c: c.update(state_sha256="x"), "state_sha256"),
    ],
)
def test_an_ill_formed_entry_is_refused_by_the_place(
    samples: Any, change: Callable[[dict[str, Any]], None], said: str
):
    plain = json.loads(samples.set_aside(1).to_json())
    change(plain["content"])
    with pytest.raises(RecordRefused, match=said):
        LedgerEntry.from_json(entry_with_its_sum(plain), "entry")


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"null", b"{}", b"[" * 100_000, b"\xff\xfe"])
def test_what_is_no_entry_is_refused(data: bytes):
    with pytest.raises(RecordRefused):
        LedgerEntry.from_json(data)


@pytest.mark.parametrize("change", [{"more": 1}, {"content": [1]}, {"run": None}])
def test_an_entry_of_other_parts_is_refused(samples: Any, change: dict[str, Any]):
    plain = json.loads(samples.set_aside(1).to_json())
    with pytest.raises(RecordRefused, match="ledger entry"):
        LedgerEntry.from_json(json.dumps({**plain, **change}).encode())


def test_what_a_caller_does_with_its_own_dicts_later_changes_no_entry(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = samples.committed(game)
    fingerprint, events = {"emulator": "5.0"}, dict(entry.events)
    made = dataclasses.replace(entry, fingerprint=fingerprint, events=events)
    before = made.to_json()
    fingerprint["emulator"] = "6.0"
    events.clear()
    assert LedgerEntry.from_json(before) == made


def test_an_entry_counts_its_frames_and_events(samples: Any):
    (game,) = number_games([samples.to_plan(1, 200)], 90, 0)
    entry = samples.committed(game)
    assert entry.num_frames == 200
    assert entry.num_events == sum(len(of.slp_frame) for of in entry.events.values()) > 0


def test_chunks_with_a_gap_make_no_entry(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = samples.committed(game)
    with pytest.raises(ValueError, match="gap or overlap at slp_frame 57"):
        dataclasses.replace(entry, chunks=(entry.chunks[0], entry.chunks[2]))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (((), (), (), ()), "one length above 0"),
        (((0,), (30, 30), (0,), (1,)), "one length above 0"),
        (((0, 31), (30, 30), (0, 1), (1, 1)), "without a gap"),
        (((1,), (30,), (0,), (1,)), "without a gap"),
        (((0, 0), (0, 5), (0, 1), (1, 1)), "without a gap"),
        (((0,), (30,), (-1,), (1,)), "offset of at least 0"),
        (((0,), (30,), (0,), (0,)), "at least 1 byte"),
        (((0, 30), (30, 30), (40, 9), (5, 5)), "follow each other in the file"),
        (((0, 30), (30, 30), (9, 13), (5, 5)), "follow each other in the file"),
        (((0,), (30,), (1 << 62,), (5,)), "follow each other in the file"),
    ],
)
def test_gops_that_do_not_tile_the_chunk_are_refused(columns: Any, said: str):
    with pytest.raises(ValueError, match=said):
        GopIndex.of(*columns)


def test_the_first_entry_stays(store: Store, samples: Any):
    first, second = samples.set_aside(1, Reason.MISALIGNED), samples.set_aside(1, Reason.EMULATOR_EXIT)
    assert ledger.write_entry(store, first)
    assert not ledger.write_entry(store, second)
    assert ledger.read_entry(store, first.game_id) == first


def test_a_game_without_an_entry_reads_as_none(store: Store, samples: Any):
    assert ledger.read_entry(store, samples.game_id(1)) is None


def test_an_entry_under_another_games_key_is_refused(store: Store, samples: Any):
    store.put(ledger_key(samples.game_id(2)), samples.set_aside(1).to_json())
    with pytest.raises(RecordRefused, match="moved or copied"):
        ledger.read_entry(store, samples.game_id(2))


def test_many_entries_come_in_the_order_asked_for(store: Store, samples: Any):
    entries = [samples.set_aside(n) for n in range(40)]
    for entry in entries[:35]:
        ledger.write_entry(store, entry)
    read = list(ledger.read_entries(store, [entry.game_id for entry in entries], num_threads=3))
    assert read == entries[:35]
    assert list(ledger.done_game_ids(store)) == sorted(entry.game_id for entry in entries[:35])


def test_strangers_in_the_ledger_are_no_games(store: Store, samples: Any):
    store.put("ledger/README.txt", b"x")
    store.put(f"ledger/{samples.game_id(1)}.json.bak", b"x")
    assert list(ledger.done_game_ids(store)) == []


def test_what_was_set_aside_can_be_tried_again(store: Store, samples: Any):
    entry = samples.set_aside(1)
    ledger.write_entry(store, entry)
    assert ledger.withdraw(store, entry.game_id) == entry
    assert ledger.read_entry(store, entry.game_id) is None
    assert ledger.withdraw(store, entry.game_id) is None


def test_withdrawing_a_committed_game_fails_unless_forced(store: Store, samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = samples.committed(game)
    ledger.write_entry(store, entry)
    with pytest.raises(RecordRefused, match=r"is committed.*unless forced"):
        ledger.withdraw(store, game.game_id)
    assert ledger.read_entry(store, game.game_id) == entry
    assert ledger.withdraw(store, game.game_id, force=True) == entry
    assert ledger.read_entry(store, game.game_id) is None


def test_withdrawing_an_entry_that_cannot_be_read_fails_unless_forced(store: Store, samples: Any):
    key = ledger_key(samples.game_id(1))
    store.put(key, b"cut in the mid")
    ledger.write_entry(store, samples.set_aside(2))
    with pytest.raises(RecordRefused, match=r"not JSON.*only force removes"):
        ledger.withdraw(store, samples.game_id(1))
    assert store.head(key)
    assert ledger.withdraw(store, samples.game_id(1), force=True) is None
    assert store.get(ledger_key(samples.game_id(2)))
    assert store.head(key) is None


def test_an_entry_that_is_set_aside_has_a_reason_and_nothing_rendered(samples: Any):
    entry = LedgerEntry.set_aside(samples.game_id(1), Reason.NOT_SLP, "no .slp", run=RUN)
    assert (entry.status, entry.reason, entry.split) == (ledger.Status.SET_ASIDE, Reason.NOT_SLP, None)
    assert (entry.chunks, entry.evidence, entry.game, entry.state_sha256) == ((), (), None, None)


def test_a_committed_entry_without_chunks_is_refused(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = samples.committed(game)
    with pytest.raises(ValueError, match="a committed game has chunks"):
        LedgerEntry.committed(
            entry.game_id, split="train", game=entry.game, state_sha256=entry.state_sha256, chunks=(),
            evidence=entry.evidence, fingerprint=entry.fingerprint, run=entry.run,
        )  # fmt: skip


def test_a_chunk_of_states_alone_comes_back_equal_and_shows_nothing(samples: Samples):
    _, states = samples.refs(0)
    chunk = ChunkRecord(0, -123, -33, None, states, None, "", ())
    entry = LedgerEntry.committed(
        samples.game_id(1), split="train", game=samples.facts(), state_sha256=samples.game_id(2),
        chunks=[chunk], evidence=(), fingerprint={}, run=RUN,
    )  # fmt: skip
    again = LedgerEntry.from_json(entry.to_json())
    assert again == entry
    assert [kind for kind, _ in again.chunks[0].objects] == ["states"]
    assert again.chunks[0].video_bytes == 0
    with pytest.raises(RecordRefused, match="a chunk of states alone has no pictures to show"):
        _ = again.chunks[0].footage


def test_a_video_without_its_gops_fails(samples: Samples):
    video, states = samples.refs(0)
    with pytest.raises(ValueError, match="a video and its GOPs, or neither"):
        ChunkRecord(0, -123, -33, video, states, None, "", ())
    with pytest.raises(ValueError, match="a video and its GOPs, or neither"):
        ChunkRecord(0, -123, -33, None, states, samples.gops(90), "", ())


def test_an_entry_from_before_events_reads_and_gives_the_same_bytes(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = dataclasses.replace(samples.committed(game), events=None)
    assert b'"events"' not in entry.to_json()
    assert LedgerEntry.from_json(entry.to_json()) == entry
    assert entry.num_events is None


def test_events_of_a_kind_that_nobody_knows_are_refused(samples: Any):
    (game,) = number_games([samples.to_plan(1)], 90, 0)
    entry = samples.committed(game)
    with pytest.raises(ValueError, match="unknown kinds of events: sneeze"):
        dataclasses.replace(entry, events={**entry.events, "sneeze": entry.events["hit"]})
