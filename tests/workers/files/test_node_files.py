"""A run's files are fetched into a machine's cache once, whole or not at all; no text says where from.

Tests with the fixture `s3` use a real server; in others the download is replaced by bytes.
"""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import re
import secrets
import time
from dataclasses import replace
from typing import IO, TYPE_CHECKING

import pytest

import workers.files.node_files as module
from tests.s3_server.fixtures import new_bucket
from workers.errors import EnvironmentFailed
from workers.files import download
from workers.files.download import ObjectVersion
from workers.files.node_files import fetched, identified
from workers.files.remote import GAME_IMAGE, RemoteFile, RemoteName

if TYPE_CHECKING:
    from pathlib import Path

    from tests.s3_server.fault_proxy import FaultProxy


NAME = RemoteName(GAME_IMAGE, "s3://secret-bucket/secret-folder/melee.iso")
IMAGE = b"a disc" * 1000


class Server:
    """A fake server of one object, which counts how often it is fetched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.content, self.etag, self.num_fetched = IMAGE, "v1", 0
        monkeypatch.setattr(module, "version_of", lambda _name: ObjectVersion(len(self.content), self.etag))
        monkeypatch.setattr(module, "download", self._download)

    def _download(self, _name: RemoteName, _version: ObjectVersion, file: IO[bytes], _deadline: float) -> str:
        self.num_fetched += 1
        file.write(self.content)
        return hashlib.sha256(self.content).hexdigest()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_identified_is_there_and_is_not_fetched_again(server: Server, tmp_path: Path):
    file = identified(NAME, tmp_path / "cache")
    path = fetched(file, tmp_path / "cache")
    assert identified(NAME, tmp_path / "cache") == file
    assert path.read_bytes() == IMAGE
    assert path.name == f"{hashlib.sha256(IMAGE).hexdigest()}.iso"
    assert path.stat().st_mode & 0o077 == 0
    assert server.num_fetched == 1


def test_nothing_in_the_cache_tells_where_a_file_is_from(server: Server, tmp_path: Path):
    fetched(identified(NAME, tmp_path), tmp_path)
    for path in tmp_path.iterdir():
        assert b"secret" not in path.name.encode() + path.read_bytes()
    assert server.num_fetched == 1


def test_a_new_version_of_the_object_is_fetched(server: Server, tmp_path: Path):
    first = identified(NAME, tmp_path)
    server.content, server.etag = b"another disc", "v2"
    assert identified(NAME, tmp_path).sha256 != first.sha256


def test_another_machine_fetches_the_same_and_refuses_anything_else(server: Server, tmp_path: Path):
    file = identified(NAME, tmp_path / "head")
    assert fetched(file, tmp_path / "node").read_bytes() == IMAGE
    for wrong, found in ((b"A disc" * 1000, "sha256"), (IMAGE[:-1], "5,999 bytes")):
        server.content = wrong
        with pytest.raises(EnvironmentFailed, match=rf"is not the one that this run began with \({found}"):
            fetched(file, tmp_path / "late")
    assert [name for name in names_in(tmp_path / "late") if not name.endswith(".lock")] == []


def test_a_file_that_was_changed_in_the_cache_is_fetched_anew(server: Server, tmp_path: Path):
    file = identified(NAME, tmp_path)
    path = fetched(file, tmp_path)
    path.write_bytes(b"A" + IMAGE[1:])
    assert fetched(file, tmp_path).read_bytes() == IMAGE
    path.unlink()
    path.symlink_to("/etc/passwd")
    assert fetched(file, tmp_path).read_bytes() == IMAGE
    assert server.num_fetched == 3


def test_a_note_that_is_damaged_is_not_believed(server: Server, tmp_path: Path):
    file = identified(NAME, tmp_path)
    (note,) = (path for path in tmp_path.glob("version-*") if path.suffix != ".lock")
    note.write_text("0" * 63)
    assert identified(NAME, tmp_path) == file
    assert server.num_fetched == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
):
    def full(*_: object) -> str:
        raise OSError(number, "full")

    monkeypatch.setattr(module, "download", full)
    with pytest.raises(
        EnvironmentFailed, match=r"no room for the game image in .*free; free some, or set XDG_"
    ):
        identified(NAME, tmp_path)
    assert not list(tmp_path.glob(".partial-*"))
    assert server.num_fetched == 0


def test_too_little_room_is_seen_before_anything_is_fetched(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    usage = module.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _path: usage._replace(free=10))
    with pytest.raises(EnvironmentFailed, match="no room for the game image"):
        identified(NAME, tmp_path)
    assert server.num_fetched == 0


def test_what_a_killed_process_left_is_removed_once_it_is_old(server: Server, tmp_path: Path):
    fresh, old = tmp_path / ".partial-fresh", tmp_path / ".partial-old"
    fresh.write_text("")
    old.write_text("")
    os.utime(old, (1, 1))
    identified(NAME, tmp_path)
    assert fresh.exists()
    assert not old.exists()
    assert server.num_fetched == 1


# --- against a server that speaks S3


@pytest.fixture
def s3(s3_proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> FaultProxy:
    monkeypatch.setattr(download, "PIECE_BYTES", 1 << 16)
    download._client.cache_clear()
    return s3_proxy


@pytest.fixture
def image(s3: FaultProxy) -> RemoteName:
    """An image of several pieces on the server."""
    import boto3  # noqa: PLC0415 - where it is absent, these tests were skipped before

    bucket = new_bucket(s3.url).removeprefix("s3://").partition("/")[0]
    boto3.client("s3", endpoint_url=s3.url).put_object(Bucket=bucket, Key="a b/melee.iso", Body=CONTENT)
    return RemoteName(GAME_IMAGE, f"s3://{bucket}/a b/melee.iso")


CONTENT = secrets.token_bytes(200_000)


def test_an_image_comes_from_the_server_in_pieces(image: RemoteName, tmp_path: Path):
    file = identified(image, tmp_path / "head")
    assert (file.size_bytes, file.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert fetched(file, tmp_path / "node").read_bytes() == CONTENT


def test_pieces_that_break_off_are_fetched_again(s3: FaultProxy, image: RemoteName, tmp_path: Path):
    from tests.s3_server.fault_proxy import FaultPlan  # noqa: PLC0415

    s3.plan = FaultPlan(share=0.4, only=("truncated_answer", "reset_mid_answer", "503"))
    assert fetched(identified(image, tmp_path), tmp_path).read_bytes() == CONTENT
    assert download._client().num_retries > 0


@pytest.mark.parametrize("place", ["{bucket}/absent.iso", "no-such-bucket-here/melee.iso"])
def test_an_object_or_bucket_that_is_not_there_is_named_by_its_flag_alone(
    image: RemoteName, tmp_path: Path, place: str
):
    absent = RemoteName(GAME_IMAGE, f"s3://{place.format(bucket=image.bucket)}")
    with pytest.raises(EnvironmentFailed, match=r"not on S3 where --game-image says \(404\)") as failed:
        identified(absent, tmp_path)
    assert absent.key not in str(failed.value)
    assert absent.bucket not in str(failed.value)


def test_a_server_that_is_not_there_is_one_line_without_the_name(
    image: RemoteName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setattr("manifests.store.s3_client.time.sleep", lambda _seconds: None)
    download._client.cache_clear()
    with pytest.raises(EnvironmentFailed, match=r"failed 5 times.*check --game-image") as failed:
        identified(image, tmp_path)
    assert re.search(r"melee|127\.0\.0\.1", str(failed.value)) is None


def test_a_wrong_key_to_the_server_is_one_line(
    image: RemoteName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    download._client.cache_clear()
    with pytest.raises(
        EnvironmentFailed, match=r"the game image: .*403.*check --game-image and this machine's"
    ) as failed:
        identified(image, tmp_path)
    assert "\n" not in str(failed.value)
    assert image.key not in str(failed.value)


def test_an_object_that_is_replaced_meanwhile_is_refused(image: RemoteName, tmp_path: Path, s3: FaultProxy):
    import boto3  # noqa: PLC0415

    version = download.version_of(image)
    boto3.client("s3", endpoint_url=s3.url).put_object(Bucket=image.bucket, Key=image.key, Body=CONTENT[::-1])
    with (tmp_path / "file").open("wb") as file, pytest.raises(EnvironmentFailed, match="was replaced while"):
        download.download(image, version, file, time.monotonic() + 60)


def test_a_download_ends_at_its_deadline(image: RemoteName, tmp_path: Path):
    version = download.version_of(image)
    with (
        (tmp_path / "file").open("wb") as file,
        pytest.raises(EnvironmentFailed, match="not fetched in time: 0 of"),
    ):
        download.download(image, version, file, time.monotonic())


def _fetch(file: RemoteFile, folder: Path, starts: object) -> None:
    starts.wait(240)  # type: ignore[attr-defined] # a Barrier
    fetched(file, folder)


def test_slots_of_one_machine_share_one_download(image: RemoteName, tmp_path: Path, s3: FaultProxy):
    file = identified(image, tmp_path / "head")
    before = s3.num_requests
    spawning = multiprocessing.get_context("spawn")
    starts = spawning.Barrier(3)
    slots = [spawning.Process(target=_fetch, args=(file, tmp_path / "node", starts)) for _ in range(3)]
    for slot in slots:
        slot.start()
    for slot in slots:
        slot.join(240)
    assert [slot.exitcode for slot in slots] == [0, 0, 0]
    num_pieces = -(-len(CONTENT) // (16 << 20))  # since spawned processes use the real size of a piece
    assert s3.num_requests - before == 1 + num_pieces
    assert (tmp_path / "node" / f"{file.sha256}.iso").read_bytes() == CONTENT


def test_an_image_of_unbelievable_size_is_refused(image: RemoteName, tmp_path: Path):
    small = replace(image, kind=replace(GAME_IMAGE, max_bytes=1000))
    with pytest.raises(
        EnvironmentFailed, match=r"has 200,000 bytes; it may have 1 to 1,000: check --game-image"
    ):
        identified(small, tmp_path)
