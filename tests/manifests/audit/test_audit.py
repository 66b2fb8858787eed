"""An audit accepts a sound dataset, and names every object that is not as recorded, and what is wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import pytest
from click.testing import CliRunner

from farm.cli import farm
from manifests.audit.audit import audit
from manifests.audit.findings import Depth, Finding, Kind, Report
from manifests.audit.gc import find_garbage
from manifests.errors import DatasetError, RecordRefused
from manifests.ledger.dataset import open_or_create
from manifests.ledger.entry import LedgerEntry, done_game_ids, write_entry
from manifests.ledger.plan import append_plan, pending_games, planned_games
from manifests.ledger.records import GopIndex
from manifests.snapshot.finalize import finalize
from manifests.snapshot.status import dataset_status
from manifests.state.file import states_bytes
from manifests.store.canonical_json import canonical
from manifests.store.contract import Store, StoreFailed
from manifests.store.keys import ledger_key, manifest_key, states_key, video_key
from manifests.store.open import open_store
from manifests.video.mp4 import read_gops
from manifests.video.sei import FrameMark
from tests.manifests.small_dataset import NUM_FRAMES, SmallRenderer, encode, one_state
from workers.rendering.sei_writer import sei_nal

if TYPE_CHECKING:
    from collections.abc import Callable

    from manifests.state.table import StateTable


@pytest.fixture
def store(sound: Path, tmp_path: Path) -> Store:
    shutil.copytree(sound, tmp_path / "copy")
    return open_store(tmp_path / "copy")


def found(report: Report) -> set[tuple[Kind, str]]:
    return {(finding.kind, finding.key) for finding in report.findings}


def alter_entry(store: Store, game_id: str, change: Callable[[LedgerEntry], LedgerEntry]) -> None:
    """Replace a ledger entry by a changed one whose hashes fit."""
    key = ledger_key(game_id)
    store.put(key, change(LedgerEntry.from_json(store.get(key))).to_json())


def alter_object(store: Store, key: str, data: bytes) -> None:
    """Replace an object and all that was recorded about its bytes, so that only its content is wrong."""
    store.put(key, data)
    for game in planned_games(store):
        info = store.head(ledger_key(game.game_id))
        if info is not None:
            alter_entry(store, game.game_id, lambda entry: _with_object(entry, key, data))
    finalize(store, from_scratch=True)


def _with_object(entry: LedgerEntry, key: str, data: bytes) -> LedgerEntry:
    def renewed(ref: Any) -> Any:
        if ref.key != key:
            return ref
        return dataclasses.replace(ref, size_bytes=len(data), sha256=hashlib.sha256(data).hexdigest())

    chunks = tuple(
        dataclasses.replace(chunk, video=renewed(chunk.video), states=renewed(chunk.states))
        for chunk in entry.chunks
    )
    return dataclasses.replace(entry, chunks=chunks)


def replace_gops(store: Store, game_id: str, file_number: int, video: bytes) -> None:
    """Record in the ledger entry the GOPs of this video, as if it had been published."""
    gops = read_gops(io.BytesIO(video))
    index = GopIndex.of(gops.first_frame_index, gops.num_frames, gops.byte_offset, gops.byte_size)

    def change(entry: LedgerEntry) -> LedgerEntry:
        chunks = (
            dataclasses.replace(chunk, gops=index, avcc=gops.avcc.hex())
            if chunk.file_number == file_number
            else chunk
            for chunk in entry.chunks
        )
        return dataclasses.replace(entry, chunks=tuple(chunks))

    alter_entry(store, game_id, change)


@pytest.mark.slow
@pytest.mark.parametrize("depth", list(Depth))
def test_a_sound_dataset_holds_at_every_depth(store: Store, depth: Depth):
    report = audit(store, depth)
    assert report.findings == []
    assert report.orphans == []
    assert (report.num_games, report.num_chunks, report.num_set_aside, report.num_pending) == (3, 9, 1, 1)
    assert report.num_sampled == (0 if depth is Depth.LISTING else 9)
    assert report.num_frames == (3 * NUM_FRAMES if depth is Depth.DECODE else 0)


@pytest.mark.slow
def test_a_copy_without_the_ledger_and_the_plan_is_audited_from_its_manifests(store: Store):
    for info in [*store.list("ledger/"), *store.list("plan/")]:
        store.delete(info.key)
    report = audit(store, Depth.DECODE)
    assert report.findings == []
    assert (report.num_games, report.num_chunks, report.num_frames) == (3, 9, 3 * NUM_FRAMES)
    store.delete(video_key(4))
    assert found(audit(store)) == {(Kind.MISSING, video_key(4))}


@pytest.mark.slow
def test_a_missing_object_is_named_at_every_depth(store: Store):
    store.delete(video_key(4))
    store.delete(states_key(7))
    for depth in (Depth.LISTING, Depth.CHECKSUM):
        assert found(audit(store, depth)) == {(Kind.MISSING, video_key(4)), (Kind.MISSING, states_key(7))}


@pytest.mark.slow
def test_a_cut_object_is_named_at_every_depth(store: Store):
    store.put(video_key(4), store.get(video_key(4))[:-1])
    assert found(audit(store)) == {(Kind.SIZE, video_key(4))}


def test_a_flipped_bit_is_found_by_checksum_and_not_by_listing(store: Store):
    data = bytearray(store.get(video_key(4)))
    data[len(data) // 2] ^= 1
    store.put(video_key(4), bytes(data))
    assert audit(store, Depth.LISTING).holds
    assert found(audit(store, Depth.CHECKSUM)) == {(Kind.CHECKSUM, video_key(4))}


@pytest.mark.slow
def test_a_sample_looks_into_its_share_always_the_same(store: Store):
    counts = [audit(store, Depth.CHECKSUM, sample=0.5, seed=seed).num_sampled for seed in range(12)]
    again = [audit(store, Depth.CHECKSUM, sample=0.5, seed=seed).num_sampled for seed in range(12)]
    assert counts == again
    assert 12 * 9 * 0.3 < sum(counts) < 12 * 9 * 0.7
    assert audit(store, Depth.CHECKSUM, sample=0).num_sampled == 0
    with pytest.raises(ValueError, match="share of 0 to 1"):
        audit(store, sample=1.5)


def test_a_changed_entry_is_named_and_the_others_are_still_audited(store: Store, samples: Any):
    game = next(planned_games(store))
    store.put(
        ledger_key(game.game_id), store.get(ledger_key(game.game_id)).replace(b"BATTLEFIELD", b"BATTLEFIELT")
    )
    report = audit(store, Depth.CHECKSUM)
    assert (Kind.RECORD, ledger_key(game.game_id)) in found(report)
    assert report.num_games == 2


def test_a_lost_entry_is_noticed_from_the_manifests(store: Store):
    game = next(planned_games(store))
    store.delete(ledger_key(game.game_id))
    report = audit(store)
    assert found(report) == {(Kind.MISSING, ledger_key(game.game_id))}
    assert {orphan.owner for orphan in report.orphans} == {"unfinished"}


def test_a_rewritten_entry_is_noticed_from_the_manifests(store: Store):
    game = next(planned_games(store))
    alter_entry(store, game.game_id, lambda entry: dataclasses.replace(entry, detail="another story"))
    assert found(audit(store)) == {(Kind.DISAGREEMENT, ledger_key(game.game_id))}


@pytest.mark.slow
def test_games_newer_than_the_manifests_are_counted_and_are_no_fault(store: Store, tmp_path: Path):
    last = list(planned_games(store))[3]
    write_entry(store, SmallRenderer(tmp_path / "scratch").render(store, last))
    report = audit(store)
    assert report.holds
    assert (report.num_games, report.num_unlisted, report.num_pending) == (4, 1, 0)


def test_a_table_of_the_snapshot_that_is_not_as_recorded_is_named(store: Store):
    good = store.get(manifest_key(0, "gops"))
    store.put(manifest_key(0, "gops"), good[:-1] + bytes([good[-1] ^ 1]))
    assert found(audit(store, Depth.CHECKSUM)) == {(Kind.CHECKSUM, manifest_key(0, "gops"))}
    store.put(manifest_key(0, "gops"), good[:-1])
    assert found(audit(store)) == {(Kind.SIZE, manifest_key(0, "gops"))}
    store.delete(manifest_key(0, "gops"))
    assert found(audit(store)) == {(Kind.MISSING, manifest_key(0, "gops"))}


def test_a_broken_plan_and_a_broken_pointer_are_named(store: Store):
    store.put("plan/0000.parquet", b"PAR1")
    store.put("manifest/current.json", b"{")
    assert found(audit(store)) == {(Kind.RECORD, "plan"), (Kind.RECORD, "manifest/current.json")}


def test_an_object_that_two_games_name_is_noticed(store: Store):
    one, other, *_ = planned_games(store)
    theirs = LedgerEntry.from_json(store.get(ledger_key(other.game_id))).chunks
    alter_entry(store, one.game_id, lambda entry: dataclasses.replace(entry, chunks=theirs))
    finalize(store, from_scratch=True)
    assert (Kind.DISAGREEMENT, theirs[0].video.key) in found(audit(store))


def test_file_numbers_other_than_planned_are_noticed(store: Store):
    game = next(planned_games(store))
    alter_entry(store, game.game_id, lambda entry: dataclasses.replace(entry, chunks=entry.chunks[:2]))
    finalize(store, from_scratch=True)
    assert found(audit(store)) == {(Kind.NUMBERS, ledger_key(game.game_id))}


def test_orphans_are_named_with_their_owner_and_are_no_fault(store: Store):
    keys = {
        video_key(4, edition=1): "committed",
        states_key(10): "unfinished",  # of the fourth game, which is pending
        video_key(500): "unknown",
        "states/chunk-000/notes.txt": "unknown",
    }
    for key in keys:
        store.put(key, b"x")
    report = audit(store)
    assert report.holds
    assert {orphan.key: orphan.owner for orphan in report.orphans} == keys


@pytest.mark.parametrize("data", [b"", b"x" * 1000, b"PAR1" + b"x" * 1000 + b"PAR1"])
def test_what_is_no_states_file_is_named(store: Store, data: bytes):
    alter_object(store, states_key(4), data)
    assert audit(store, Depth.CHECKSUM).holds
    assert found(audit(store, Depth.STRUCTURE)) == {(Kind.UNREADABLE, states_key(4))}


@pytest.mark.parametrize("data", [b"", b"x" * 1000])
def test_what_is_no_video_is_named(store: Store, data: bytes):
    alter_object(store, video_key(4), data)
    assert found(audit(store, Depth.STRUCTURE)) == {(Kind.UNREADABLE, video_key(4))}


def test_states_of_other_frames_are_named(store: Store):
    alter_object(store, states_key(4), states_bytes(one_state().slice(91, 181)))
    report = audit(store, Depth.STRUCTURE)
    assert found(report) == {(Kind.STRUCTURE, states_key(4))}
    assert "90 rows of slp_frame -32 to 57, recorded 90 of [-33, 57)" in report.findings[0].detail


def test_a_video_with_a_frame_less_is_named(store: Store, tmp_path: Path):
    data = encode(tmp_path / "short.mp4", list(range(-33, 56))).read_bytes()
    alter_object(store, video_key(4), data)
    report = audit(store, Depth.STRUCTURE)
    assert {kind for kind, _ in found(report)} == {Kind.STRUCTURE}
    assert any(finding.detail == "packets: 89, recorded 90" for finding in report.findings)


def test_a_wrong_gop_table_is_named(store: Store):
    game = next(planned_games(store))

    def shift(entry: LedgerEntry) -> LedgerEntry:
        first = entry.chunks[0]
        offsets = (first.gops.byte_offset[0] - 1, *first.gops.byte_offset[1:])
        gops = dataclasses.replace(first.gops, byte_offset=offsets)
        return dataclasses.replace(entry, chunks=(dataclasses.replace(first, gops=gops), *entry.chunks[1:]))

    alter_entry(store, game.game_id, shift)
    finalize(store, from_scratch=True)
    report = audit(store, Depth.STRUCTURE)
    assert found(report) == {(Kind.STRUCTURE, video_key(game.first_file_number))}
    assert "byte offsets of GOPs" in report.findings[0].detail


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shown", "said"),
    [
        (list(range(-32, 58)), "90 pictures do not show their row; frame_index 0: slp_frame -32, not -33"),
        ([*range(-33, 56), 55], "1 pictures do not show their row; frame_index 89: slp_frame 55, not 56"),
    ],
)
def test_pictures_of_other_frames_are_found_by_decoding_alone(
    store: Store, tmp_path: Path, shown: list[int], said: str
):
    """The videos have the same number of packets and the same key frames: only the pictures differ."""
    key = video_key(4)
    data = encode(tmp_path / "other.mp4", shown).read_bytes()
    alter_object(store, key, data)
    (game,) = (game for game in planned_games(store) if 4 in game.file_numbers)
    replace_gops(store, game.game_id, 4, data)
    finalize(store, from_scratch=True)
    assert audit(store, Depth.STRUCTURE).holds
    report = audit(store, Depth.DECODE)
    assert found(report) == {(Kind.FRAMES, key)}
    assert report.findings[0].detail == said


@pytest.mark.slow
def test_pictures_of_another_game_under_the_right_numbers_are_found_by_decoding_alone(
    store: Store, tmp_path: Path
):
    key, other = video_key(4), one_state(6)
    data = encode(tmp_path / "other.mp4", list(range(-33, 57)), other).read_bytes()
    alter_object(store, key, data)
    (game,) = (game for game in planned_games(store) if 4 in game.file_numbers)
    replace_gops(store, game.game_id, 4, data)
    finalize(store, from_scratch=True)
    report = audit(store, Depth.DECODE)
    assert found(report) == {(Kind.FRAMES, key)}
    assert "90 pictures carry their row's number but another state's seed" in report.findings[0].detail


def marked(video: bytes, marks: dict[int, FrameMark]) -> bytes:
    """The same video with marks in the packets of these frame indices; copied, not encoded again."""
    out = io.BytesIO()
    with av.open(io.BytesIO(video)) as source, av.open(out, "w", format="mp4") as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for frame_index, packet in enumerate(packet for packet in source.demux() if packet.size):
            data = bytes(packet)
            if frame_index in marks:
                unit = sei_nal(marks[frame_index])
                data = len(unit).to_bytes(4, "big") + unit + data
            new = av.Packet(data)
            new.pts, new.dts, new.time_base = packet.pts, packet.dts, packet.time_base
            new.is_keyframe, new.stream = packet.is_keyframe, stream
            copy.mux(new)
    return out.getvalue()


@pytest.mark.parametrize(
    ("marks", "are_due", "said"),
    [
        ({0: -33, 30: -3, 60: 27}, True, None),
        ({}, False, None),
        ({}, True, "3 key frames are marked wrongly; frame_index 0: no mark, not slp_frame -33"),
        (
            {0: -33, 60: 27},
            True,
            "1 key frames are marked wrongly; frame_index 30: no mark, not slp_frame -3",
        ),
        ({0: -33, 30: -2, 60: 27}, False, "1 key frames are marked wrongly; frame_index 30: slp_frame -2 of"),
    ],
)
def test_marks_in_key_frames_are_held_against_the_rows(
    store: Store, samples: Any, marks: dict[int, int], are_due: bool, said: str | None
):
    (game,) = (game for game in planned_games(store) if 4 in game.file_numbers)
    description = dataclasses.replace(samples.description, marks_key_frames=are_due)
    for other in planned_games(store):
        if other != game and store.head(ledger_key(other.game_id)):
            store.delete(ledger_key(other.game_id))
    for n in game.file_numbers:
        first = (n - game.first_file_number) * 90 - 123
        own = marks if n == 4 else {k: first + k for k in range(0, 90, 30)}
        data = marked(store.get(video_key(n)), {k: FrameMark(f, game.game_id) for k, f in own.items()})
        alter_object(store, video_key(n), data)
        replace_gops(store, game.game_id, n, data)
    store.put("dataset.json", description.to_json())
    finalize(store, from_scratch=True)
    report = audit(store, Depth.STRUCTURE)
    assert found(report) == (set() if said is None else {(Kind.STRUCTURE, video_key(4))})
    assert said is None or report.findings[0].detail.startswith(said)


@pytest.mark.slow
def test_the_command_says_what_is_wrong_and_exits_with_1(store: Store):
    result = CliRunner().invoke(farm, ["audit", store.url, "--depth", "decode"])
    assert result.exit_code == 0, result.output
    assert "3 games, 9 pairs" in result.output
    assert "600 frames decoded" in result.output
    assert result.output.endswith("all holds\n")
    store.delete(video_key(4))
    result = CliRunner().invoke(farm, ["audit", store.url, "--json"])
    assert result.exit_code == 1
    plain = json.loads(result.stdout)
    assert not plain["holds"]
    assert plain["findings"][0]["key"] == video_key(4)


class Doubter:
    """A witness that counts pairs, and objects to each one from the moment at which players can move."""

    def __init__(self) -> None:
        self.num_seen = 0

    def see(self, luma: Any) -> None:
        self.num_seen += 1

    def objection(self, state: StateTable) -> str | None:
        if state.first_slp_frame < -100:
            return ""
        return f"{self.num_seen} pictures, doubted" if state.first_slp_frame > 0 else None


@pytest.mark.slow
def test_a_witness_sees_every_picture_and_is_heard(store: Store):
    report = audit(store, Depth.DECODE, witness=lambda _description: Doubter())
    assert report.num_witnessed == 6
    details = {finding.detail for finding in report.findings}
    assert details == {"20 pictures, doubted"}
    assert {kind for kind, _ in found(report)} == {Kind.FRAMES}


def test_without_a_stamp_pictures_are_still_counted_and_witnessed(store: Store):
    plain = json.loads(store.get("dataset.json"))
    plain["stamp"] = plain["content_sha256"] = None
    store.put("dataset.json", json.dumps(plain).encode())
    report = audit(store, Depth.DECODE, witness=lambda _description: Doubter())
    assert report.num_frames == 600
    assert report.findings


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "key", ["dataset.json", "plan/0000.parquet", "manifest/0000/games.parquet", "ledger", "video"]
)
@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_no_file_is_named_and_no_command_waits_for_it(store: Store, key: str, kind: str):
    keys = {"ledger": ledger_key(next(planned_games(store)).game_id), "video": video_key(0)}
    path = Path(store.url) / keys.get(key, key)
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    elif os.geteuid() == 0:
        os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # /dev/zero, which never ends
    else:
        pytest.skip("only root makes a device")
    try:
        findings = audit(store, Depth.CHECKSUM).findings
    except StoreFailed as refusal:
        findings = [Finding(Kind.RECORD, str(refusal), "")]
    assert any(str(path).endswith(finding.key) or str(path) in finding.key for finding in findings)
    for look in (find_garbage, dataset_status):
        with suppress(DatasetError):
            look(store)


@pytest.mark.parametrize("wrong", [b"NaN", b"Infinity", b"1e999", str(10**30).encode(), b"9" * 5000])
def test_a_number_that_no_record_has_is_named_and_breaks_no_command(store: Store, wrong: bytes):
    key = ledger_key(next(planned_games(store)).game_id)
    data = re.sub(rb'"size_bytes":\d+', b'"size_bytes":' + wrong, store.get(key), count=1)
    store.put(key, data)
    assert (Kind.RECORD, key) in found(audit(store, Depth.DECODE))
    with pytest.raises(RecordRefused):
        find_garbage(store)
    with pytest.raises(RecordRefused, match="farm retry"):
        finalize(store, from_scratch=True)
    dataset_status(store)


def test_a_number_of_too_many_bits_is_refused_with_its_sum(store: Store):
    key = ledger_key(next(planned_games(store)).game_id)
    plain = json.loads(store.get(key))
    plain["content"]["chunks"][0]["file_number"] = 10**30
    plain["content"]["chunks"][1]["gops"]["byte_size"][0] = 10**30
    plain["content_sha256"] = hashlib.sha256(canonical(plain["content"])).hexdigest()
    store.put(key, canonical(plain))
    assert (Kind.RECORD, key) in found(audit(store))


@pytest.mark.parametrize(
    "stamp",
    [
        {"left": 0, "top": 0, "width": 10**9, "height": 10**9},
        {"left": -5, "top": 0, "width": 10, "height": 10},
        {"left": 0, "top": 479, "width": 640, "height": 2},
        {"left": 0, "top": 0, "width": 0, "height": 1},
    ],
)
def test_a_stamp_outside_of_the_picture_is_refused(store: Store, stamp: dict[str, int]):
    plain = json.loads(store.get("dataset.json"))
    store.put("dataset.json", json.dumps({**plain, "stamp": stamp, "content_sha256": None}).encode())
    with pytest.raises(RecordRefused, match="the stamp lies within the picture of 640 x 480"):
        audit(store, Depth.DECODE)


def test_the_command_refuses_a_sample_that_is_none(store: Store):
    for text in ("101%", "2", "x", "-1"):
        result = CliRunner().invoke(farm, ["audit", store.url, "--sample", text])
        assert result.exit_code == 2
        assert "no share" in result.output


@pytest.mark.slow
def test_games_that_share_file_numbers_are_named_and_taken_out_by_one_command(tmp_path: Path, samples: Any):
    """Two planners leave such games where a server cannot say who came first: one plan replaced the other."""
    store = open_store(tmp_path / "store")
    open_or_create(store, samples.description)
    (ours,) = append_plan(store, [samples.to_plan(1)], 90)
    write_entry(store, samples.place(store, ours, tmp_path, seed=1))
    store.delete("plan/0000.parquet")
    (theirs,) = append_plan(store, [samples.to_plan(2)], 90)
    assert ours.file_numbers == theirs.file_numbers
    write_entry(store, samples.place(store, theirs, tmp_path, seed=2))
    finalize(store)
    report = audit(store)
    assert (Kind.NUMBERS, ledger_key(ours.game_id)) in found(report)
    assert {kind for kind, _ in found(report)} == {Kind.NUMBERS}
    result = CliRunner().invoke(farm, ["retry", store.url, "--misnumbered"])
    assert result.exit_code == 0, result.output
    (again,) = append_plan(store, [samples.to_plan(n) for n in (1, 2)], 90)
    assert again.file_numbers.start == theirs.file_numbers.stop
    write_entry(store, samples.place(store, again, tmp_path, seed=1))
    finalize(store)
    assert audit(store).findings == []
    assert CliRunner().invoke(farm, ["retry", store.url, "--misnumbered"]).exit_code == 1


@pytest.mark.slow
def test_two_plan_files_that_share_numbers_and_a_game_are_repaired_by_one_command(
    tmp_path: Path, samples: Any
):
    """A late planner that did not see plan 0000 leaves a plan 0001 that gives out the same numbers."""
    store, other = open_store(tmp_path / "store"), open_store(tmp_path / "other")
    for each in (store, other):
        open_or_create(each, samples.description)
    first = append_plan(store, [samples.to_plan(n) for n in (1, 2)], 90)
    late = append_plan(other, [samples.to_plan(n) for n in (2, 3, 4)], 90)
    store.put("plan/0001.parquet", other.get("plan/0000.parquet"))
    kept, taken = first[0], {number for game in first for number in game.file_numbers}
    others = [game for game in late if game.game_id != samples.game_id(2)]
    lost = next(game for game in others if not taken.isdisjoint(game.file_numbers))
    write_entry(store, samples.place(store, kept, tmp_path, seed=1))
    write_entry(store, samples.place(store, lost, tmp_path, seed=3))
    finalize(store)
    details = " ".join(finding.detail for finding in audit(store).findings if finding.kind is Kind.NUMBERS)
    assert "is planned for two games; farm retry --misnumbered" in details
    assert f"game {samples.game_id(2)[:16]} is planned twice" in details
    dry = CliRunner().invoke(farm, ["retry", store.url, "--misnumbered", "--dry-run", "--json"])
    assert dry.exit_code == 0, dry.output
    assert set(json.loads(dry.output)["renumbered"]) >= {samples.game_id(2)}
    assert audit(store).findings, "a dry run repairs nothing"

    result = CliRunner().invoke(farm, ["retry", store.url, "--misnumbered"])

    assert result.exit_code == 0, result.output
    assert audit(store).findings == []
    planned = list(planned_games(store))
    numbers = [number for game in planned for number in game.file_numbers]
    assert len(planned) == 4
    assert len(set(numbers)) == len(numbers)
    assert list(done_game_ids(store)) == [kept.game_id]
    for seed, game in enumerate(pending_games(store)):
        write_entry(store, samples.place(store, game, tmp_path, seed=10 + seed))
    (later,) = append_plan(store, [samples.to_plan(5)], 90)
    assert later.file_numbers.start > max(numbers)
    finalize(store)
    assert audit(store).findings == []
    assert CliRunner().invoke(farm, ["retry", store.url, "--misnumbered"]).exit_code == 1


@pytest.mark.parametrize(
    "key",
    [
        "other.bin",
        "ledger/junk.json",
        "manifest/0000/extra.parquet",
        "videos/other/x.mp4",
        "plan/old.parquet",
    ],
)
def test_an_object_that_is_none_of_the_datasets_is_named_and_left_alone(store: Store, key: str):
    store.put(key, b"x")
    report = audit(store)
    assert report.holds
    assert report.strangers == [key]
    result = CliRunner().invoke(farm, ["audit", store.url, "--depth", "listing"])
    assert f"none of the dataset's: {key}" in result.output
    assert key not in {item.key for item in find_garbage(store, idle=True, now=1e11)}


@pytest.mark.slow
def test_what_the_commands_write_beside_is_known(store: Store):
    made = CliRunner().invoke(farm, ["finalize", store.url, "--sheets", "--statistics"])
    assert made.exit_code == 0, made.output
    report = audit(store, Depth.CHECKSUM)
    assert (report.findings, report.strangers, report.orphans) == ([], [], [])


def test_a_plan_that_is_gone_is_named(store: Store):
    store.delete("plan/0000.parquet")
    assert (Kind.MISSING, "plan/0000.parquet") in found(audit(store))
    for info in store.list("manifest/"):
        store.delete(info.key)
    assert found(audit(store)) == {(Kind.MISSING, "plan/")}


def test_a_description_that_another_one_replaced_is_named(store: Store, samples: Any):
    """The other description has a sum that fits, so only the snapshot shows the difference."""
    video = dataclasses.replace(samples.description.video, crf=30.0)
    store.put("dataset.json", dataclasses.replace(samples.description, video=video).to_json())
    assert found(audit(store)) == {(Kind.CHECKSUM, "dataset.json")}


def test_a_pointer_that_says_something_else_than_its_snapshot_is_named(store: Store):
    plain = json.loads(store.get("manifest/current.json"))
    plain["totals"]["num_frames"] += 1
    store.put("manifest/current.json", json.dumps(plain).encode())
    assert found(audit(store)) == {(Kind.RECORD, "manifest/current.json")}
