"""With Ray: the same values of every picture by Ray Data, and nothing done twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest

from manifests.latents.job import EncodeJob
from manifests.latents.run import ChunkEncoder, encode_chunks

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason="Ray is not installed: make extras-ray")
pytest.importorskip("pandas", reason="Ray Data needs pandas, which is in `ray-data`: make extras-ray")
pytestmark = [pytest.mark.ray, pytest.mark.slow]

# A process of its own: a Ray is joined once per process, and other tests join theirs.
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
    with tempfile.TemporaryDirectory(prefix="farm-ray-", dir="/tmp") as folder:  # short: for sockets
        settings = {
            "RAY_TMPDIR": folder,
            "RAY_AUTH_MODE": "disabled",
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ENCODE, str(sound), str(tmp_path / "ray")],
            capture_output=True, text=True, timeout=200, check=False, env={**os.environ, **settings},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    counts = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert counts == {"pictures": 600 - 90 - 90 - 20 - 90, "chunks": 5, "chunks_done_before": 4}
    files = sorted(path.relative_to(tmp_path / "here") for path in (tmp_path / "here").rglob("*.npy"))
    assert len(files) == 9
    for file in files:
        assert (tmp_path / "ray" / file).read_bytes() == (tmp_path / "here" / file).read_bytes()
