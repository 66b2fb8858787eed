"""Files pushed to a (fake) hub are pulled back unchanged, and a push or pull that stopped goes on."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from manifests.audit.audit import audit
from manifests.audit.findings import Depth
from manifests.hub import push as hub_push
from manifests.hub.api import HubFailed
from manifests.hub.place import HubPlace
from manifests.hub.pull import pull
from manifests.hub.push import push
from manifests.lerobot.compile import compile_lerobot
from manifests.snapshot.reader import open_manifest
from manifests.store.open import open_store
from manifests.training.open import open_dataset

if TYPE_CHECKING:
    from tests.manifests.hub.hub_server import Hub

# Without Xet the library passes a deprecated argument to its HTTP client.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
PLACE = HubPlace.of_url("hf://datasets/owner/set")


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def shared(folder: Path) -> dict[str, bytes]:
    return {key: data for key, data in bytes_in(folder).items() if not key.startswith(("plan/", "ledger/"))}


def sent(hub: Hub) -> int:
    return sum(asked.startswith("PUT /large/") for asked in hub.asked)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """An export of a few files, large and small, one of which belongs to a run that is still at work."""
    folder = tmp_path / "export"
    (folder / "train").mkdir(parents=True)
    for number in range(5):
        (folder / "train" / f"shard-{number}.tar").write_bytes(bytes([number]) * 5000)
    (folder / "train" / "index.json").write_bytes(b"{}")
    (folder / ".temporary").write_bytes(b"half")
    return folder


@pytest.mark.slow
def test_a_dataset_comes_back_as_it_was_without_what_names_its_replays(hub: Hub, sound: Path, tmp_path: Path):
    done = push(sound, PLACE)
    assert (done.num_files, done.num_there_before) == (len(shared(sound)), 0)
    assert done.num_left_out == len(bytes_in(sound)) - len(shared(sound)) > 0
    assert hub.visibility == "private"
    out = tmp_path / "out"
    pulled = pull(PLACE, out)
    assert pulled.num_files == len(shared(sound))
    assert bytes_in(out) == shared(sound)
    report = audit(open_store(out), Depth.DECODE)
    assert report.holds, report.findings
    ours, theirs = (open_dataset(root, window=8, cache=None, as_torch=False)[3] for root in (out, sound))
    assert (ours["video"] == theirs["video"]).all()


@pytest.mark.slow
def test_records_are_put_there_when_they_are_asked_for(hub: Hub, sound: Path):
    assert push(sound, PLACE, with_records=True, is_public=True).num_left_out == 0
    assert hub.files == bytes_in(sound)
    assert hub.visibility == "public"


@pytest.mark.slow
def test_a_stopped_push_goes_on_and_sends_nothing_twice(
    hub: Hub, files: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(hub_push, "FILES_PER_COMMIT", 2)
    hub.refused_commit = 2
    with pytest.raises(HubFailed, match=r"the commit is refused.*run again to go on"):
        push(files, PLACE)
    assert "train/index.json" not in hub.files, "readers find the others by it, so it comes last"
    assert len(hub.files) == 2
    assert push(files, PLACE).num_there_before == 2
    assert sent(hub) == 5, "also the two of the refused commit were sent once"
    assert set(hub.files) == {f"train/shard-{number}.tar" for number in range(5)} | {"train/index.json"}
    assert push(files, PLACE).num_files == 0


def test_what_the_hub_has_otherwise_afterwards_is_told(
    hub: Hub, files: Path, monkeypatch: pytest.MonkeyPatch
):
    listed = hub_push.list_files

    def damaged(place: HubPlace) -> list[object]:
        if "train/shard-3.tar" in hub.files:
            hub.files["train/shard-3.tar"] = b"x" * 5000
        return listed(place)

    monkeypatch.setattr(hub_push, "list_files", damaged)
    with pytest.raises(HubFailed, match=r"does not have train/shard-3.tar as it is here"):
        push(files, PLACE)


@pytest.mark.slow
def test_another_dataset_is_not_written_over(hub: Hub, sound: Path, tmp_path: Path):
    push(sound, PLACE)
    other = shutil.copytree(sound, tmp_path / "other")
    (other / "dataset.json").write_bytes(b"{}")
    with pytest.raises(HubFailed, match=r"holds another dataset; give another repository"):
        push(other, PLACE)


def test_a_folder_of_a_repository_is_a_place_of_its_own(hub: Hub, files: Path, tmp_path: Path):
    hub.files = {"README.md": b"about", "shards-old/x.tar": b"x"}
    push(files, HubPlace.of_url("hf://datasets/owner/set/shards"))
    assert hub.files["shards/train/index.json"] == b"{}"
    out = tmp_path / "out"
    pull(HubPlace.of_url("hf://datasets/owner/set@main/shards/"), out)
    assert bytes_in(out) == {key: data for key, data in bytes_in(files).items() if key != ".temporary"}
    pull(HubPlace.of_url("hf://datasets/owner/set/shards/train"), tmp_path / "train")
    assert len(bytes_in(tmp_path / "train")) == 6


def test_a_stopped_pull_goes_on_and_fetches_nothing_twice(hub: Hub, files: Path, tmp_path: Path):
    push(files, PLACE)
    out = tmp_path / "out"
    pull(PLACE, out)
    (out / "train" / "shard-1.tar").unlink()
    (out / "train" / "shard-2.tar").write_bytes(b"damaged")
    hub.asked.clear()
    done = pull(PLACE, out)
    assert (done.num_files, done.num_there_before) == (2, 4)
    assert sum("GET /datasets" in asked for asked in hub.asked) == 2
    assert not (out / ".pull").exists()


@pytest.mark.slow
def test_a_download_that_breaks_off_goes_on_where_it_stopped(hub: Hub, tmp_path: Path):
    hub.files = {"large.tar": bytes(range(256)) * (96 << 10)}
    hub.cut_after_bytes = 15 << 20  # the library writes 10 MiB at a time
    pull(PLACE, tmp_path / "out")
    assert (tmp_path / "out" / "large.tar").read_bytes() == hub.files["large.tar"]
    assert any("bytes=10485760-" in asked for asked in hub.asked)


@pytest.mark.parametrize("size", [5000, 50], ids=["by sha256", "by git's hash"])
def test_other_bytes_than_the_hub_names_are_told_and_not_kept(hub: Hub, tmp_path: Path, size: int):
    hub.files = {"shard.tar": b"a" * size}
    hub.changed = {"shard.tar": b"b" * size}
    with pytest.raises(HubFailed, match=r"shard.tar did not arrive as the hub names it; run again"):
        pull(PLACE, tmp_path / "out")
    assert not (tmp_path / "out" / "shard.tar").exists()
    hub.changed = {}
    assert pull(PLACE, tmp_path / "out").num_files == 1
    assert (tmp_path / "out" / "shard.tar").read_bytes() == b"a" * size


def test_a_folder_with_something_else_is_left_alone(hub: Hub, tmp_path: Path):
    hub.files = {"shard.tar": b"a"}
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_bytes(b"mine")
    with pytest.raises(HubFailed, match=r"holds thesis.tex, which .* has not; give a new or empty folder"):
        pull(PLACE, out)
    assert bytes_in(out) == {"thesis.tex": b"mine"}


def test_a_place_where_nothing_is_and_a_folder_without_files_are_named(hub: Hub, tmp_path: Path):
    with pytest.raises(HubFailed, match=r"no file's path begins so"):
        pull(HubPlace.of_url("hf://datasets/owner/set/none"), tmp_path / "out")
    with pytest.raises(HubFailed, match=r"owner/none.*HF_TOKEN"):
        pull(HubPlace.of_url("hf://datasets/owner/none"), tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(HubFailed, match="no files to put onto the hub"):
        push(tmp_path / "empty", PLACE)


@pytest.mark.slow
def test_lerobot_finds_its_format_by_a_tag(hub: Hub, sound: Path, tmp_path: Path):
    copy = shutil.copytree(sound, tmp_path / "copy")
    compile_lerobot(open_manifest(str(copy)))
    for _ in range(2):
        push(copy, PLACE)
    assert hub.tags == ["v3.0"]


def test_small_files_are_known_by_gits_hash(hub: Hub, tmp_path: Path):
    hub.files = {"a.txt": b"a"}
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_bytes(b"a")
    assert hashlib.sha1(b"blob 1\0a").hexdigest()  # noqa: S324 - what git makes of it
    assert pull(PLACE, tmp_path / "out").num_there_before == 1
