"""The description of an encoding job: the dataset, the encoder, and the side table to write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.side_tables.writer import SideTableWriter
from manifests.training.open import open_dataset
from manifests.training.pictures import Pictures
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from manifests.training.dataset import WindowDataset


@dataclass(frozen=True, slots=True)
class EncodeJob:
    """The work of an encoder on a dataset.

    Attributes:
        dataset: folder or URL of the dataset.
        out: folder or URL of the side table.
        encoder: MODULE:FUNCTION, see `manifests.latents.encoder.Encode`.
        device: torch device to put pictures on; None to pass them as arrays.
        size: (height, width) of the pictures; None for the dataset's own size.
        batch_size: number of pictures that the encoder gets at once; unless it is a multiple of 30, the
            length of a group of pictures, some pictures are decoded twice.
        note: anything else that decides the values, such as the version of weights; kept in the table.
        split, where: which games to encode, like `split` and `filter` of `open_dataset`.
    """

    dataset: str
    out: str
    encoder: str
    device: str | None = None
    size: tuple[int, int] | None = None
    batch_size: int = 60
    note: str | None = None
    split: str | None = None
    where: str | None = None

    def open_dataset(self) -> WindowDataset:
        """Open the dataset with only its pictures.

        Raises:
            ValueError: no game is left, or pictures cannot have this size.
            DatasetError: the dataset cannot be read.
        """
        return open_dataset(
            self.dataset, window=WindowSpec(1, start="any"), fields=["video"], split=self.split,
            filter=self.where, pictures=Pictures(size=self.size), cache=None, as_torch=False,
        )  # fmt: skip

    def open_writer(self, dataset: WindowDataset) -> SideTableWriter:
        """Open the side table for the pictures of the opened dataset.

        Raises:
            RecordRefused: the table belongs to another encoder, size or note.
            StoreFailed: the store cannot be read.
        """
        video = dataset.footage.video
        height, width = dataset.reader.pictures.shape(video.width, video.height)[:2]
        about = {"encoder": self.encoder, "size": [height, width], "note": self.note}
        return SideTableWriter(self.out, about)
