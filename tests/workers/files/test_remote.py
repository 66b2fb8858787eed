"""s3:// names of files are recognised, and no text shows them."""

from __future__ import annotations

import pytest

from workers.files.remote import GAME_IMAGE, PROGRAM, RemoteFile, RemoteName, check_place

URL = "s3://my-bucket/private/Melee (v1.02).iso"


def test_no_text_shows_where_a_file_is():
    name = RemoteName(GAME_IMAGE, URL)
    for text in (repr(name), str(name), repr(RemoteFile(name, 3, "ab")), f"{name}"):
        assert "bucket" not in text
        assert "Melee (v1.02)" not in text


def test_a_name_has_bucket_key_and_suffix():
    name = RemoteName(GAME_IMAGE, URL)
    assert (name.bucket, name.key, name.suffix) == ("my-bucket", "private/Melee (v1.02).iso", ".iso")
    assert RemoteName(PROGRAM, "s3://b/x/playback-3.5.1-Linux.ZIP").suffix == ".zip"
    assert RemoteName(PROGRAM, "s3://b/Slippi_Playback-x86_64.AppImage").suffix == ".AppImage"


@pytest.mark.parametrize(
    "url", ["s3://", "s3://bucket", "s3://bucket/", "s3:///key.iso", "s3://b/folder/", "s3://b/x.zip"]
)
def test_what_names_no_game_image_is_refused_without_showing_it(url: str):
    with pytest.raises(ValueError, match=r"--game-image: an s3:// URL names one object.*\.iso or") as refused:
        RemoteName(GAME_IMAGE, url)
    assert url == "s3://" or url not in str(refused.value)


def test_only_names_on_s3_are_checked():
    check_place(GAME_IMAGE, "/games/melee.7z")
    with pytest.raises(ValueError, match="--slippi-dolphin"):
        check_place(PROGRAM, "s3://b/prefix/")
