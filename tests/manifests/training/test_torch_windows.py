"""Torch's loaders give the same windows with any number of worker processes, forked or spawned."""

from __future__ import annotations

import inspect
import itertools
import json
import os
import random
from typing import TYPE_CHECKING, Any

import pytest

from manifests.training.cache import Cache
from manifests.training.dataset import WindowDataset
from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch", reason="torch is not installed: make extras-torch")
from manifests.training.torch_windows import TorchWindows  # noqa: E402 - it needs torch

pytestmark = [
    pytest.mark.torch,
    # Python's warning about fork beside threads; torch's loaders have forked since before it existed.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),  # on machines of one core
    pytest.mark.filterwarnings(
        "ignore:'set_vital' is deprecated:UserWarning"
    ),  # torchdata 0.11 beside torch 2.13
]

Id = tuple[int, int]


@pytest.fixture
def dataset(sound: Path, tmp_path: Path) -> Any:
    return open_dataset(
        sound,
        window=WindowSpec(start="any", stride=3),
        fields=["p0.x"],
        cache=Cache(tmp_path / "cache"),
        as_torch=True,
    )


def ids(batch: dict[str, Any]) -> list[Id | None]:
    parts = zip(
        batch["chunk"].tolist(), batch["frame_index"].tolist(), batch["is_repeat"].tolist(), strict=True
    )
    return [None if is_repeat else (chunk, frame) for chunk, frame, is_repeat in parts]


def expected_of(dataset: Any, seed: int) -> list[Id]:
    return [one for batch in dataset.windows.stream(batch_size=1, seed=seed) for one in ids(batch) if one]


def dealt(per_rank: list[list[list[Id | None]]]) -> list[Id]:
    """The batches of all ranks as one sequence of positions."""
    steps = zip(*per_rank, strict=True)
    return [one for step in steps for row in zip(*step, strict=True) for one in row if one is not None]


def test_samples_are_tensors_of_the_same_values(sound: Path, tmp_path: Path):
    tensors = open_dataset(sound, cache=Cache(tmp_path), as_torch=True)
    arrays = open_dataset(sound, cache=Cache(tmp_path), as_torch=False)
    assert isinstance(tensors, torch.utils.data.Dataset)
    sample = tensors[5]
    assert sample["video"].shape == (16, 3, 480, 640)
    assert sample["video"].dtype is torch.uint8
    assert all((sample[name].numpy() == value).all() for name, value in arrays[5].items())


def test_streams_and_loaders_take_the_arguments_of_the_arrays_stream():
    def arguments(method: Any) -> dict[str, Any]:
        return {name: one.default for name, one in inspect.signature(method).parameters.items()}

    usual = arguments(WindowDataset.stream)
    assert arguments(TorchWindows.stream) == usual
    of_workers = {"num_workers": 0, "start_method": None, "pin_memory": False}
    assert arguments(TorchWindows.loader) == usual | of_workers


@pytest.mark.parametrize("start", ["gop", "any"])
def test_a_window_of_one_frame_makes_tensors(sound: Path, tmp_path: Path, start: str):
    spec = WindowSpec(1, start=start)
    dataset = open_dataset(sound, window=spec, cache=Cache(tmp_path), as_torch=True)
    for window in (0, len(dataset) - 1):
        sample = dataset[window]
        assert sample["video"].shape == (1, 3, 480, 640)
        assert sample["state"].shape == (1, len(dataset.names["state"]))


def test_torchs_own_loader_takes_the_map_style_one(sound: Path, tmp_path: Path):
    dataset = open_dataset(sound, window=4, cache=Cache(tmp_path))
    loader = torch.utils.data.DataLoader(dataset, batch_size=3, num_workers=2)
    batches = list(loader)
    assert sum(batch["video"].shape[0] for batch in batches) == len(dataset)


@pytest.mark.parametrize(("num_workers", "start_method"), [(0, None), (1, "fork"), (3, "fork"), (2, "spawn")])
def test_workers_change_nothing(dataset: Any, num_workers: int, start_method: str | None):
    loader = dataset.loader(batch_size=4, seed=1, num_workers=num_workers, start_method=start_method)
    assert len(loader) == -(-len(dataset) // 4)
    assert dealt([[ids(batch) for batch in loader]]) == expected_of(dataset, 1)
    assert loader.state_dict()["epoch"] == 1


@pytest.mark.slow
def test_ranks_and_workers_stopped_anywhere_go_on_at_other_sizes(dataset: Any):
    expected, dice = expected_of(dataset, 7), random.Random(3)
    for trial in range(3):
        state, taken = None, []
        while len(taken) < len(expected):
            world, size, workers = dice.randint(1, 8), dice.randint(1, 4), dice.randint(0, 4)
            count, per_rank, states = dice.randint(1, 12), [], []
            for rank in range(world):
                loader = dataset.loader(batch_size=size, rank=rank, world_size=world, seed=7,
                                        num_workers=workers if rank == 0 else 0)  # fmt: skip
                if state is not None:
                    loader.load_state_dict(json.loads(state))
                batches = iter(loader)
                per_rank.append([ids(batch) for batch in itertools.islice(batches, count)])
                states.append(json.dumps({**loader.state_dict(), "worker": None}))
                batches.close()
            assert len(set(states)) == 1
            taken += dealt(per_rank)
            state = states[0]
        assert taken == expected, trial


@pytest.mark.parametrize("num_workers", [0, 2])
def test_stateful_data_loader_goes_on_exactly(dataset: Any, num_workers: int):
    stateful = pytest.importorskip("torchdata.stateful_dataloader", reason="torchdata is not installed")
    expected = expected_of(dataset, 2)

    def loader() -> Any:
        return stateful.StatefulDataLoader(
            dataset.stream(batch_size=3, seed=2), batch_size=None, num_workers=num_workers
        )

    first = loader()
    batches = iter(first)
    taken = [ids(next(batches)) for _ in range(7)]
    state = first.state_dict()
    del batches
    second = loader()
    second.load_state_dict(state)
    taken += [ids(batch) for batch in second]
    assert dealt([taken]) == expected


def one_rank(rank: int, world: int, sound: str, cache: str, rendezvous: str, found: Any) -> None:
    """Train as one process of a data-parallel run: a step per batch, gradients averaged over all ranks."""
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", f"file://{rendezvous}", rank=rank, world_size=world)
    dataset = open_dataset(sound, fields=["state"], cache=Cache(cache))
    width = len(dataset.names["state"])
    model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(width, 1))
    seen = []
    for batch in dataset.loader(batch_size=2, rank=rank, world_size=world, num_workers=1):
        model(batch["state"].nan_to_num()).mean().backward()
        seen.append(ids(batch))
    found.put((rank, seen))
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_data_parallel_ranks_end_together(sound: Path, tmp_path: Path):
    context = torch.multiprocessing.get_context("spawn")
    found = context.Queue()
    ranks = [
        context.Process(
            target=one_rank, args=(rank, 2, str(sound), str(tmp_path / "c"), str(tmp_path / "r"), found)
        )
        for rank in range(2)
    ]
    for process in ranks:
        process.start()
    per_rank = [seen for _, seen in sorted(found.get(timeout=120) for _ in ranks)]
    for process in ranks:
        process.join(240)
        assert process.exitcode == 0
    dataset = open_dataset(sound, fields=["p0.x"], cache=Cache(tmp_path / "c"))
    assert len(per_rank[0]) == len(per_rank[1])
    assert dealt(per_rank) == expected_of(dataset, 0)
