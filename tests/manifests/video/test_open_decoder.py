"""A decoder is chosen by name; an unknown name or format is refused before anything is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

from manifests.video.decoder import DecoderMissing
from manifests.video.open_decoder import open_decoder


def test_a_decoder_knows_its_name():
    assert open_decoder("libav", "rgb").name == "libav"


def test_a_name_that_is_no_decoder_is_refused():
    with pytest.raises(ValueError, match="decoders are libav, torchcodec and nvdec, got 'ffmpeg'"):
        open_decoder("ffmpeg", "rgb")


def test_a_format_that_no_decoder_has_is_refused():
    with pytest.raises(ValueError, match="pictures are 'rgb' or 'yuv420', got 'bgr'"):
        open_decoder("libav", "bgr")


def test_torchcodec_refuses_planes_and_says_what_to_take():
    with pytest.raises(DecoderMissing, match="decoder='libav'"):
        open_decoder("torchcodec", "yuv420")


@pytest.mark.parametrize("module", ["manifests.video.open_decoder", "manifests.video.torchcodec_decoder"])
def test_no_other_decoder_loads_pyav(module: str):
    code = f"import sys, {module}; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
