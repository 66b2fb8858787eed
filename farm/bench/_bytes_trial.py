"""Encodes one game's pictures in one way, and measures bytes, processor time, quality and random access."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from farm.bench._bytes_quality import FieldReader, inside
from farm.bench._bytes_regions import RegionEncoder
from farm.bench._bytes_vmaf import RawPictures, vmaf_of
from farm.likeness import psnr, resized, squared_error, ssim_map
from manifests.errors import DatasetError
from manifests.video.decoder import GopRun, picture_shape
from manifests.video.mp4 import decode_luma, read_gops
from manifests.video.open_decoder import open_decoder
from workers.rendering.encode import DATASET_CODING, ChunkEncoder, Coding, VideoSettings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from workers.emulator.contract import Yuv

_QUALITY_EVERY: Final = 7  # every 7th picture is compared, so that every place in a GOP occurs
_WINDOW: Final = 16
_NUM_WINDOWS: Final = 60


@dataclass(frozen=True, slots=True)
class Way:
    """One way to encode a video.

    Attributes:
        settings: CRF and preset.
        coding: how pictures refer to each other.
        size: (height, width) to which pictures are resized first; None: as they are.
        region_offset: change of the quantiser inside the fighters' boxes, and at clock and damage, as in
            `_bytes_regions`; 0: no regions.
    """

    settings: VideoSettings
    coding: Coding = DATASET_CODING
    size: tuple[int, int] | None = None
    region_offset: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A game's pictures before compression, and what they show.

    Attributes:
        file: the file with the pictures.
        pictures: packed I420, uint8 [T, H * 3 / 2, W].
        shown_rows: number of rows, from the top, that show the game; the stamp is below them.
        boxes: int64 [T, N, 4], the fighters' left, top, right, bottom; zeros if there is none.
        hud: int64 [F, 4], boxes of the fields that show clock and damage, likewise.
        readers: readers of these fields, which are read back; none at another size.
    """

    file: Path
    pictures: NDArray[np.uint8] = field(repr=False)
    shown_rows: int
    boxes: NDArray[np.int64] = field(repr=False)
    hud: NDArray[np.int64] = field(repr=False)
    readers: Sequence[FieldReader] = field(repr=False)


@dataclass(frozen=True, slots=True)
class BytesTrial:
    """The results of one way to encode.

    Attributes:
        preset, crf, gop_pictures, b_frames, refreshes_within, region_offset, height: the way.
        bytes_per_frame: bytes of the mp4 per frame.
        cpu_seconds_per_1000: processor time of encoding alone, per 1,000 frames.
        psnr_db: PSNR of the brightness, over all compared pictures together.
        ssim: mean over pictures.
        ssim_fighters: mean over the fighters' boxes; None if no box is known.
        vmaf: mean VMAF of the rows that show the game; None if ffmpeg has no VMAF.
        read_share: share of clock and damage that is read back correctly; None at another size.
        window_milliseconds: processor time to decode 16 pictures from a random place; None if the loader
            refuses such a video.
    """

    preset: str
    crf: float
    gop_pictures: int
    b_frames: int
    refreshes_within: bool
    region_offset: float
    height: int
    bytes_per_frame: float
    cpu_seconds_per_1000: float
    psnr_db: float
    ssim: float
    ssim_fighters: float | None
    vmaf: float | None
    read_share: float | None
    window_milliseconds: float | None

    @property
    def coding(self) -> Coding:
        """Return how the trial's pictures refer to each other."""
        return Coding(self.gop_pictures, self.b_frames, self.refreshes_within)


def run_trial(truth: Truth, way: Way, video: Path, *, has_vmaf: bool) -> BytesTrial:
    """Encode a game's pictures in one way, and measure the result.

    Args:
        truth: the pictures, in the way's size, and what they show.
        way: how to encode.
        video: path of the mp4, which is kept.
        has_vmaf: whether to measure VMAF.

    Raises:
        FarmError: the encoder failed, or VMAF cannot be measured.
    """
    pictures = truth.pictures
    height, width = pictures.shape[1] * 2 // 3, pictures.shape[2]
    begun = time.process_time()
    with _encoder(truth, way, video, (height, width)) as encoder:
        for picture in pictures:
            encoder.write(picture)
        encoder.close()
    seconds = time.process_time() - begun
    seen = _look_at(truth, video)
    raw = RawPictures(truth.file, height, width, truth.shown_rows, len(pictures))
    return BytesTrial(
        preset=way.settings.preset,
        crf=way.settings.crf,
        gop_pictures=way.coding.gop_pictures,
        b_frames=way.coding.b_frames,
        refreshes_within=way.coding.refreshes_within,
        region_offset=way.region_offset,
        height=height,
        bytes_per_frame=video.stat().st_size / len(pictures),
        cpu_seconds_per_1000=1000 * seconds / len(pictures),
        psnr_db=seen.psnr_db,
        ssim=seen.ssim,
        ssim_fighters=seen.ssim_fighters,
        vmaf=vmaf_of(video, raw, _QUALITY_EVERY) if has_vmaf else None,
        read_share=seen.read_share,
        window_milliseconds=_window_milliseconds(video),
    )


def resized_truth(truth: Truth, size: tuple[int, int], file: Path) -> Truth:
    """Resize pictures, boxes, and the number of rows that show the game; fields are no longer read.

    Args:
        truth: the pictures at their own size.
        size: (height, width) of the resized pictures.
        file: path of the file for the resized pictures.
    """
    height, width = size
    rows, columns = truth.pictures.shape[1] * 2 // 3, truth.pictures.shape[2]
    scale = np.array([width / columns, height / rows] * 2)
    with file.open("wb") as out:
        for picture in truth.pictures:
            out.write(_resized_picture(picture, height, width).data)
    return replace(
        truth,
        file=file,
        pictures=np.memmap(file, np.uint8, "r", shape=(len(truth.pictures), height * 3 // 2, width)),
        shown_rows=int(truth.shown_rows * height / rows),
        boxes=np.rint(truth.boxes * scale).astype(np.int64),
        hud=np.rint(truth.hud * scale).astype(np.int64),
        readers=(),
    )


def _encoder(truth: Truth, way: Way, video: Path, size: tuple[int, int]) -> ChunkEncoder:
    if not way.region_offset:
        return ChunkEncoder(video, way.settings, width=size[1], height=size[0], coding=way.coding)
    hud = np.broadcast_to(truth.hud, (len(truth.pictures), *truth.hud.shape))
    boxes = np.concatenate([truth.boxes, hud], axis=1)
    return RegionEncoder(video, way.settings, way.coding, size, boxes, way.region_offset)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The quality of a video, as in BytesTrial."""

    psnr_db: float
    ssim: float
    ssim_fighters: float | None
    read_share: float | None


def _look_at(truth: Truth, video: Path) -> _Seen:
    """Decode a video once; compare some pictures with those before compression, and read all fields."""
    errors: list[float] = []
    alike: list[float] = []
    fighters: list[float] = []
    right = could = 0
    for number, decoded in enumerate(decode_luma(video)):
        for reader in truth.readers:
            found = reader.num_right([decoded], np.array([number]))
            right, could = right + found[0], could + found[1]
        if number % _QUALITY_EVERY:
            continue
        before, after = truth.pictures[number, : truth.shown_rows], decoded[: truth.shown_rows]
        errors.append(squared_error(before, after))
        similarity = ssim_map(before, after)
        alike.append(float(similarity.mean()))
        fighters += inside(similarity, truth.boxes[number])
    return _Seen(
        psnr_db=psnr(float(np.mean(errors))),
        ssim=float(np.mean(alike)),
        ssim_fighters=float(np.mean(fighters)) if fighters else None,
        read_share=right / could if could else None,
    )


def _window_milliseconds(video: Path) -> float | None:
    """Return the processor time to decode a window from bytes in memory, as the loader does."""
    decoder = open_decoder("libav", "yuv420")
    data = video.read_bytes()
    try:
        gops = read_gops(video)
        last = int(gops.first_frame_index[-1] + gops.num_frames[-1])
        starts = np.random.default_rng(0).integers(0, max(last - _WINDOW, 1), _NUM_WINDOWS)
        out = np.empty((_WINDOW, *picture_shape("yuv420", gops.width, gops.height)), np.uint8)
        begun = time.process_time()
        for start in starts:
            edges = np.searchsorted(gops.first_frame_index, [start, start + _WINDOW - 1], side="right") - 1
            place, end = int(gops.byte_offset[edges[0]]), int(gops.byte_offset[edges[1]])
            run = data[place : end + int(gops.byte_size[edges[1]])]
            wanted = np.arange(start, start + _WINDOW) - gops.first_frame_index[edges[0]]
            decoder.decode(GopRun(run, gops.avcc, gops.width, gops.height), wanted, out)
    except DatasetError:
        return None
    return 1000 * (time.process_time() - begun) / _NUM_WINDOWS


def _resized_picture(picture: Yuv, height: int, width: int) -> Yuv:
    rows, columns = picture.shape[0] * 2 // 3, picture.shape[1]
    planes = (
        (picture[:rows], height, width),
        (picture[rows : rows * 5 // 4].reshape(rows // 2, columns // 2), height // 2, width // 2),
        (picture[rows * 5 // 4 :].reshape(rows // 2, columns // 2), height // 2, width // 2),
    )
    parts = [resized(plane, high, wide).reshape(-1) for plane, high, wide in planes]
    return np.asarray(np.concatenate(parts).reshape(height * 3 // 2, width), np.uint8)
