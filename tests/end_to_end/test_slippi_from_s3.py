"""Three nodes each fetch Slippi's Dolphin and its game from S3, and render games with them.

The program is the scripted double, packed as a user packs the real one; the game is the stand-in, uploaded as
a user uploads a disc image. `FARM_SLIPPI_ARCHIVE=playback.tar.gz` (or .zip, .AppImage) takes a real program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from manifests.ledger.dataset import read_description
from manifests.store.open import open_store
from tests.end_to_end.command import FarmCommand
from tests.ray_cluster import node, started_cluster
from tests.s3_server.fixtures import new_bucket
from tests.workers.emulator.slippi_doubles import NUM_FRAMES, scripted_slippi, use_fake_xvfb
from workers.standin.image.build import IMAGE
from workers.standin.recorder import record_match

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.ray, pytest.mark.s3, pytest.mark.slow, pytest.mark.timeout(600)]

REAL = os.environ.get("FARM_SLIPPI_ARCHIVE", "")
NUM_GAMES = int(os.environ.get("FARM_CLUSTER_GAMES", "12"))
NUM_NODES = 3


@dataclass(frozen=True)
class Machines:
    """A cluster whose nodes have caches of their own, and the locations of the files on S3."""

    cluster: Any
    caches: list[Path]
    bucket: str
    program: str

    def launch(self, command: FarmCommand, *arguments: str) -> subprocess.CompletedProcess[str]:
        slippi = ["--game-image", f"s3://{self.bucket}/games/melee.dol"]
        slippi += ["--slippi-dolphin", f"s3://{self.bucket}/games/{self.program}"]
        line = [sys.executable, "-m", "farm.launch", *slippi, "--address", self.cluster.address, *arguments]
        return subprocess.run(
            line, env=command.environment, capture_output=True, text=True, check=False, timeout=400
        )


@pytest.fixture
def machines(tmp_path: Path, bare_s3: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    import boto3  # noqa: PLC0415 - where it is absent, this was skipped before

    archive = Path(REAL) if REAL else packed_double(tmp_path, monkeypatch)
    bucket = new_bucket(bare_s3).removeprefix("s3://").partition("/")[0]
    client = boto3.client("s3", endpoint_url=bare_s3)
    for name, source in (("melee.dol", IMAGE), (archive.name, archive)):
        client.upload_file(str(source), bucket, f"games/{name}")
    caches = [tmp_path / f"cache-{number}" for number in range(NUM_NODES)]
    with started_cluster(num_nodes=0, slots_each=0) as cluster:
        for cache in caches:
            cluster.add_node(**node(1), env_vars={"XDG_CACHE_HOME": str(cache)})
        yield Machines(cluster, caches, bucket, archive.name)


def packed_double(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pack the scripted double and its Sys folder, and put an Xvfb on PATH that shows nothing."""
    use_fake_xvfb(folder / "bin", monkeypatch)
    scripted_slippi(folder / "playback", with_seeds=True)
    with tarfile.open(folder / "playback.tar.gz", "w:gz") as archive:
        archive.add(folder / "playback", arcname="playback")
    return folder / "playback.tar.gz"


@pytest.fixture
def replays(tmp_path: Path) -> Path:
    (tmp_path / "replays").mkdir()
    for number in range(NUM_GAMES):
        (tmp_path / f"replays/{number}.slp").write_bytes(record_match(90 + number, num_frames=NUM_FRAMES))
    return tmp_path / "replays"


def texts_below(folder: Path) -> Iterator[bytes]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path).encode() + path.read_bytes()


def test_every_node_fetches_once_and_all_games_are_committed(
    machines: Machines, replays: Path, tmp_path: Path, farm_command: FarmCommand
):
    dataset = tmp_path / "dataset"
    ran = machines.launch(farm_command, "--replays", str(replays), "--out", str(dataset), "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [game["status"] for game in told["games"]] == ["committed"] * NUM_GAMES
    assert len(told["canaries"]) == 1  # one canary, since there is one kind of machine
    assert read_description(open_store(dataset)).emulator == "slippi"

    used = [cache / "dolphin-farm/fetched" for cache in machines.caches if cache.exists()]
    assert len(used) > 1  # a node that joined too late has fetched nothing
    for folder in used:
        assert folder.stat().st_mode & 0o777 == 0o700
        files = [path for path in folder.iterdir() if path.suffix != ".lock"]
        assert sorted(path.suffix for path in files) == sorted([".dol", Path(machines.program).suffix])
    for place in (dataset, *used):
        assert not [text for text in texts_below(place) if machines.bucket.encode() in text]
    assert machines.bucket not in ran.stdout + ran.stderr


def test_a_program_that_is_not_there_and_a_game_that_is_another_one_are_one_line(
    machines: Machines, replays: Path, tmp_path: Path, farm_command: FarmCommand
):
    import boto3  # noqa: PLC0415 - as above

    arguments = ("--replays", str(replays), "--out", str(tmp_path / "dataset"))
    absent = Machines(machines.cluster, machines.caches, machines.bucket, f"absent-{machines.program}")
    ran = absent.launch(farm_command, *arguments)
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1].startswith(
        "farm: the playback Dolphin is not on S3 where --slippi-dolphin says (404)"
    )
    boto3.client("s3").put_object(Bucket=machines.bucket, Key="games/melee.dol", Body=b"another game")
    ran = machines.launch(farm_command, *arguments)
    assert ran.returncode == 2
    assert "is not our stand-in game" in ran.stderr.splitlines()[-1]
    assert not (tmp_path / "dataset/ledger").exists()
