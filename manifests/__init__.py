"""Read a dataset that the farm made: its windows for training, its tables, and its stored objects.

    from manifests import open_dataset, open_manifest, open_store

    open_dataset("dataset", window=16)              # windows of video, state and action, to train on
    open_manifest("dataset").games()                # what is in a dataset, as Arrow tables
    open_store("s3://bucket/dataset").list()        # the objects themselves

This package imports nothing from farm or workers, so a trainer needs neither Ray nor Dolphin. Every name is
loaded when it is first used, so `import manifests` costs nothing and needs no library.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from manifests.errors import DatasetError
    from manifests.snapshot.reader import Manifest, open_manifest
    from manifests.store.contract import Store
    from manifests.store.open import open_store
    from manifests.training.cache import Cache
    from manifests.training.dataset import WindowDataset
    from manifests.training.open import open_dataset
    from manifests.training.pictures import Pictures
    from manifests.training.sample import Sample, as_dict
    from manifests.training.torch_windows import TensorSample, TorchWindows
    from manifests.training.windows import WindowSpec

__version__ = "0.1.0"
__all__ = [
    "Cache", "DatasetError", "Manifest", "Pictures", "Sample", "Store", "TensorSample", "TorchWindows",
    "WindowDataset", "WindowSpec", "as_dict", "open_dataset", "open_manifest", "open_store",
]  # fmt: skip

_MODULE_OF: Final = {
    "Cache": "manifests.training.cache",
    "DatasetError": "manifests.errors",
    "Manifest": "manifests.snapshot.reader",
    "Pictures": "manifests.training.pictures",
    "Sample": "manifests.training.sample",
    "Store": "manifests.store.contract",
    "TensorSample": "manifests.training.torch_windows",
    "TorchWindows": "manifests.training.torch_windows",
    "WindowDataset": "manifests.training.dataset",
    "WindowSpec": "manifests.training.windows",
    "as_dict": "manifests.training.sample",
    "open_dataset": "manifests.training.open",
    "open_manifest": "manifests.snapshot.reader",
    "open_store": "manifests.store.open",
}


def __getattr__(name: str) -> Any:
    """Load a public name of this package when it is first used (PEP 562)."""
    if name not in _MODULE_OF:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
