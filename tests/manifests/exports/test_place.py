"""An export is put into a new or empty folder outside of datasets, or goes on in one of its own (mira)."""

from __future__ import annotations

from pathlib import Path

import pytest

from manifests.errors import RecordRefused
from manifests.exports.place import open_place
from manifests.store.local import LocalStore

FORMATS = ("webdataset", "mds", "zarr", "packed", "mira")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    LocalStore(tmp_path / "set").put("dataset.json", b"{}")
    return tmp_path / "set"


@pytest.mark.parametrize("form", FORMATS)
def test_a_new_or_empty_folder_will_do(form: str, source: Path, tmp_path: Path):
    assert not list(open_place(form, source, tmp_path / "out").list())
    assert not (tmp_path / "out").exists()
    (tmp_path / "out").mkdir()
    assert open_place(form, source, tmp_path / "out").url == str(tmp_path / "out")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("key", ["shard-000000.tar", "index.json", "zarr.json", "of/mine.txt"])
def test_a_folder_that_holds_something_is_refused_and_left_as_it_is(
    form: str, key: str, source: Path, tmp_path: Path
):
    LocalStore(tmp_path / "out").put(key, b"old")
    with pytest.raises(RecordRefused, match=rf"is not empty: it holds {key}.*choose a new folder"):
        open_place(form, source, tmp_path / "out")
    assert (tmp_path / "out" / key).read_bytes() == b"old"


@pytest.mark.parametrize("key", ["index.json", "dataset_00000.tar", "dataset_00001.progress.json"])
def test_an_export_of_mira_goes_on_and_no_other_is_put_into_it(key: str, source: Path, tmp_path: Path):
    LocalStore(tmp_path / "out").put(f"train/{key}", b"{}")
    open_place("mira", source, tmp_path / "out")
    with pytest.raises(RecordRefused, match="is not empty"):
        open_place("packed", source, tmp_path / "out")


@pytest.mark.parametrize("form", FORMATS)
def test_a_dataset_and_a_folder_in_it_are_refused(form: str, source: Path, tmp_path: Path):
    LocalStore(tmp_path / "another").put("dataset.json", b"{}")
    (tmp_path / "link").symlink_to(source)
    for out in (source, tmp_path / "another", tmp_path / "link", f"file://{source}"):
        with pytest.raises(RecordRefused, match="is a dataset"):
            open_place(form, source, out)
    for out in (source / "new", tmp_path / "link" / "new"):
        with pytest.raises(RecordRefused, match="lies in the dataset"):
            open_place(form, source, out)
    assert [path.name for path in source.iterdir()] == ["dataset.json"]
