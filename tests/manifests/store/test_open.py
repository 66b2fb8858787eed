"""A path or URL opens the kind of store that it names."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from manifests.store.contract import StoreFailed
from manifests.store.local import LocalStore
from manifests.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_and_its_file_url_are_the_same_folder(tmp_path: Path):
    folder = tmp_path / "with space"
    one, other = open_store(folder), open_store(folder.as_uri())
    assert isinstance(one, LocalStore)
    assert one.url == other.url == str(folder)


def test_opening_makes_nothing(tmp_path: Path):
    open_store(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_kind_of_store_that_there_is_not_is_refused():
    with pytest.raises(StoreFailed, match="give a folder, file:///PATH or s3://BUCKET/PREFIX"):
        open_store("gs://bucket/set")


def test_a_folder_opens_without_boto3(tmp_path: Path):
    code = (
        "import sys; from manifests.store.open import open_store; "
        "open_store(sys.argv[1]); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path], check=False).returncode == 0


@pytest.mark.parametrize("prefix", ["run#1/", "my run", "für", "a?b"])
def test_a_prefix_of_other_characters_is_refused_with_those_that_may_be(prefix: str):
    with pytest.raises(StoreFailed, match="names in PREFIX are of a-z, A-Z, 0-9, _, - and"):
        open_store(f"s3://bucket/{prefix}")
