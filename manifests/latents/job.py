"""What is encoded, by what, and where to."""

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
    """An encoder's work on a dataset.

    Attributes:
        dataset: folder or URL of the dataset.
        out: folder or URL of the side table.
        encoder: MODULE:FUNCTION, see `manifests.latents.encoder.Encode`.
        device: torch's device that pictures are put on; None to give them as arrays.
        size: (height, width) of the pictures; None for those of the dataset.
        batch_size: pictures that the encoder gets at once; a multiple of the 30 of a group of pictures, or
            some are decoded twice.
        note: what else decides the values, such as the weights' version; kept in the table.
        split, where: which games, as `split` and `filter` of `open_dataset`.
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
        """Open the dataset with its pictures alone.

        Raises:
            ValueError: no game is left, or a size that pictures cannot have.
            DatasetError: the dataset cannot be read.
        """
        return open_dataset(
            self.dataset, window=WindowSpec(1, start="any"), fields=["video"], split=self.split,
            filter=self.where, pictures=Pictures(size=self.size), cache=None, as_torch=False,
        )  # fmt: skip

    def open_writer(self, dataset: WindowDataset) -> SideTableWriter:
        """Open the side table for the pictures of the opened dataset.

        Raises:
            RecordRefused: the table is of another encoder, size or note.
            StoreFailed: the store cannot be read.
        """
        video = dataset.footage.video
        height, width = dataset.reader.pictures.shape(video.width, video.height)[:2]
        about = {"encoder": self.encoder, "size": [height, width], "note": self.note}
        return SideTableWriter(self.out, about)
