"""Ray Data computes the same encoder values of every picture, and does no picture twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from manifests.latents.job import EncodeJob
from manifests.latents.run import ChunkEncoder, encode_chunks
from tests.ray_process import printed_with_ray

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason="Ray is not installed: make extras-ray")
pytest.importorskip("pandas", reason="Ray Data needs pandas, which is in `ray-data`: make extras-ray")
pytestmark = [pytest.mark.ray, pytest.mark.slow]

ENCODE = """
import dataclasses, json, sys
import ray
from manifests.latents.job import EncodeJob
from manifests.latents.ray_encode import encode_with_ray
ray.init("local", num_cpus=2, include_dashboard=False, object_store_memory=200 << 20, logging_level="ERROR")
job = EncodeJob(sys.argv[1], sys.argv[2], "manifests.latents.toy:grid")
print(json.dumps(dataclasses.asdict(encode_with_ray(job, num_workers=1, num_gpus=0))))
"""


def test_ray_data_encodes_what_is_left_and_gives_the_same_bytes(sound: Path, tmp_path: Path):
    here = EncodeJob(str(sound), str(tmp_path / "here"), "manifests.latents.toy:grid")
    encode_chunks(ChunkEncoder(here), range(9))
    begun = EncodeJob(str(sound), str(tmp_path / "ray"), "manifests.latents.toy:grid")
    encode_chunks(ChunkEncoder(begun), range(4))
    printed = printed_with_ray(ENCODE, str(sound), str(tmp_path / "ray"))
    counts = json.loads(next(line for line in printed if line.startswith("{")))
    assert counts == {"pictures": 600 - 90 - 90 - 20 - 90, "chunks": 5, "chunks_done_before": 4}
    files = sorted(path.relative_to(tmp_path / "here") for path in (tmp_path / "here").rglob("*.npy"))
    assert len(files) == 9
    for file in files:
        assert (tmp_path / "ray" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()
