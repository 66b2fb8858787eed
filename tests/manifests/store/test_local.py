"""The store in a folder leaves no torn or temporary file, and gives a clear error when the disk is full."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from manifests.store.contract import StoreFailed, StoreFull
from manifests.store.local import TEMPORARY_PREFIX, LocalStore
from manifests.store.open import open_store

ROOT = Path(__file__).resolve().parents[3]

PUT_FOR_EVER = """
import sys
from pathlib import Path
from manifests.store.open import open_store
store = open_store(sys.argv[1])
n = 0
print("ready", flush=True)
while True:
    store.put_if_absent(f"new/{n}", bytes([n % 251]) * (1 << 20))
    store.put("same", bytes([n % 251]) * (1 << 20))
    n += 1
"""

FILL_THE_DISK = """
import os, sys
from pathlib import Path
from manifests.store.contract import StoreFull
from manifests.store.open import open_store
root = Path(sys.argv[1])
store = open_store(root)
store.put("small", b"x" * 1000)
for put in (store.put, store.put_if_absent):
    try:
        put("big", b"x" * (2 << 20))
    except StoreFull as error:
        print(error)
print(sorted(str(path.relative_to(root)) for path in root.rglob("*")))
store.put("after", b"still works")
"""


def temporaries(root: Path) -> list[Path]:
    return list(root.glob(f"{TEMPORARY_PREFIX}*"))


@pytest.mark.slow
def test_a_killed_writer_leaves_nothing_torn_and_its_temporary_is_swept(tmp_path: Path):
    swept = 0
    for _ in range(5):
        writer = subprocess.Popen(
            [sys.executable, "-c", PUT_FOR_EVER, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
        )
        assert writer.stdout.readline() == b"ready\n"
        while not temporaries(tmp_path):
            assert writer.poll() is None
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=240)
        writer.stdout.close()
        swept += len(temporaries(tmp_path))
        store = LocalStore(tmp_path)
        for info in store.list():
            data = store.get(info.key)
            assert len(data) == 1 << 20
            assert data.count(data[:1]) == len(data)
        store.put("sweeper", b"x")
        assert temporaries(tmp_path) == []
        store.delete("sweeper")
    assert swept > 0, "no writer was killed with a temporary file open: this test tested nothing"


def test_a_living_writers_temporary_is_not_swept(tmp_path: Path):
    living = tmp_path / f"{TEMPORARY_PREFIX}living"
    with living.open("xb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        LocalStore(tmp_path).put("key", b"x")
        assert living.exists()
    LocalStore(tmp_path).put("key", b"x")
    assert not living.exists()


def test_temporaries_are_no_objects(tmp_path: Path):
    (tmp_path / f"{TEMPORARY_PREFIX}dead").write_bytes(b"x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_bytes(b"x")
    assert list(LocalStore(tmp_path).list()) == []


def test_nothing_is_made_until_something_is_put(tmp_path: Path):
    store = open_store(tmp_path / "deep/er")
    assert list(store.list()) == []
    assert store.head("x") is None
    assert not (tmp_path / "deep").exists()
    store.put("x", b"x")
    assert (tmp_path / "deep/er/x").read_bytes() == b"x"


def test_a_file_url_names_a_folder(tmp_path: Path):
    folder = tmp_path / "with space"
    open_store(folder.as_uri()).put("x", b"x")
    assert (folder / "x").exists()


def can_mount() -> bool:
    probe = subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True)
    return probe.returncode == 0


@pytest.mark.skipif(not can_mount(), reason="cannot mount a small tmpfs here: no user namespaces")
def test_a_full_disk_fails_clearly_and_leaves_nothing(tmp_path: Path):
    script = 'mount -t tmpfs -o size=1m tmpfs "$1" && exec "$2" -c "$3" "$1"'
    result = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, FILL_THE_DISK],
        cwd=ROOT, check=True, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    *errors, left = result.stdout.splitlines()
    assert len(errors) == 2
    assert all("big: No space left on device; free some space" in error for error in errors)
    assert left == "['small']"


def test_a_file_size_limit_reads_as_full(tmp_path: Path):
    script = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "from manifests.store.open import open_store; open_store(sys.argv[1]).put('big', b'x' * 2000)"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=ROOT, check=False, capture_output=True, timeout=60
    )
    assert StoreFull.__name__ in result.stderr.decode()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_fails(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(StoreFailed, match="Permission"):
        LocalStore(tmp_path).put("x", b"x")


def test_a_file_where_the_folder_should_be_fails(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(StoreFailed, match="file is a file, and a dataset is a folder; give another output"):
        LocalStore(tmp_path / "file").put("x", b"x")


def test_a_link_out_of_the_root_is_neither_read_nor_written_through(tmp_path: Path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "elsewhere").mkdir()
    store = LocalStore(tmp_path / "set")
    store.put("a/b", b"own")
    (tmp_path / "set/a/file").symlink_to("/etc/passwd")
    (tmp_path / "set/a/other").symlink_to("../../secret")
    (tmp_path / "set/folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "set/round").symlink_to(".")
    for key in ("a/file", "a/other", "folder/x"):
        for ask in (
            lambda key=key: store.get(key),
            lambda key=key: store.get_range(key, 0, 1),
            lambda key=key: store.head(key),
            lambda key=key: store.put(key, b"x"),
            lambda key=key: store.put_if_absent(key, b"x"),
            lambda key=key: store.delete(key),
        ):
            with pytest.raises(StoreFailed, match="a link leads out of the dataset, to /"):
                ask()
    with pytest.raises(StoreFailed, match="a link leads out"):
        list(store.list("folder/"))
    assert (tmp_path / "secret").read_bytes() == b"secret"
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert "a/b" in [info.key for info in store.list()]


def test_links_within_the_root_to_the_root_and_into_the_hubs_blobs_are_followed(tmp_path: Path):
    repository = tmp_path / "datasets--owner--name"
    (repository / "blobs").mkdir(parents=True)
    (repository / "snapshots/0123").mkdir(parents=True)
    (repository / "blobs/sha").write_bytes(b"from the hub")
    (repository / "snapshots/0123/file").symlink_to("../../blobs/sha")
    (tmp_path / "link").symlink_to(repository / "snapshots/0123")
    assert LocalStore(tmp_path / "link").get("file") == b"from the hub"
    (repository / "snapshots/0123/again").symlink_to("file")
    assert LocalStore(repository / "snapshots/0123").get("again") == b"from the hub"
