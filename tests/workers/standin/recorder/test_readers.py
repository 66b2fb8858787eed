"""libmelee and peppi read our recorder's files right, in child processes, so that a panic ends no test."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from workers.standin.recorder import Recording

LIBMELEE = """
import json, sys
import melee
read = {}
for path in sys.argv[1:]:
    console = melee.Console(path=path, is_dolphin=False, allow_old_version=False)
    console.connect()
    frames = []
    while (state := console.step()) is not None:
        frames.append([
            int(state.frame),
            state.stage.name,
            {
                int(port): [
                    float(player.position.x), float(player.position.y), float(player.percent),
                    int(player.stock), player.character.name, int(player.action.value),
                    player.nana is not None,
                ]
                for port, player in state.players.items()
            },
            len(state.projectiles),
        ])
    read[path] = frames
print(json.dumps(read))
"""

PEPPI = """
import json, sys
from peppi_py import _peppi
read = {}
for path in sys.argv[1:]:
    game = _peppi.read_slippi(path)
    frames = game.frames
    def leaf(array, *names):
        for name in names:
            array = array.field(name)
        return array.to_pylist()
    ports = {}
    for port in [field.name for field in frames.field("ports").type]:
        post = frames.field("ports").field(port).field("leader").field("post")
        ports[port] = {
            "x": leaf(post, "position", "x"), "y": leaf(post, "position", "y"),
            "state": leaf(post, "state"), "percent": leaf(post, "percent"),
            "hitlag": leaf(post, "hitlag"), "instance": leaf(post, "instance_id"),
        }
    read[path] = {
        "id": leaf(frames, "id"), "seed": leaf(frames, "start", "random_seed"), "ports": ports,
        "finalized": leaf(frames, "end", "latest_finalized_frame"),
        "items": [[[item["id"], item["position"]["x"]] for item in row] for row in leaf(frames, "item")],
        "stage": game.start["stage"], "end": game.end,
    }
print(json.dumps(read, default=str))
"""


def _f32(value: float) -> float:
    found: float = struct.unpack(">f", struct.pack(">f", value))[0]
    return found


def _read(code: str, paths: list[Path]) -> Any:
    child = subprocess.run(
        [sys.executable, "-c", code, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2000:]
    return json.loads(child.stdout)


@pytest.fixture(scope="module")
def files(
    one_per_stage: dict[int, Recording], recording: Recording, tmp_path_factory: pytest.TempPathFactory
) -> dict[Path, Recording]:
    folder = tmp_path_factory.mktemp("recorded")
    made = {folder / f"{stage}.slp": one for stage, one in one_per_stage.items()}
    made[folder / "ice.slp"] = recording
    for path, one in made.items():
        path.write_bytes(one.data)
    return made


@pytest.mark.slow
def test_libmelee_reads_every_stage(files: dict[Path, Recording]):
    read = _read(LIBMELEE, list(files))
    for path, made in files.items():
        first = {}
        for instance in made.written:  # libmelee gives a frame's first version
            first.setdefault(instance.frame.slp_frame, instance.frame)
        frames = read[str(path)]
        assert [row[0] for row in frames] == [frame.slp_frame for frame in made.played.frames]
        assert {row[1] for row in frames} == {made.setup.stage.name.upper().replace(" ", "_")}
        for number, _, players, num_projectiles in frames:
            assert num_projectiles == len(first[number].items)
            for one in first[number].fighters:
                if one.is_follower:
                    assert players[str(one.port + 1)][6]
                    continue
                x, y, percent, stocks, _, action, _ = players[str(one.port + 1)]
                assert (x, y) == (_f32(one.post.x), _f32(one.post.y))
                assert percent == int(one.post.percent) or percent == _f32(one.post.percent)
                assert (stocks, action) == (one.post.stocks, one.post.action)


@pytest.mark.slow
def test_peppi_reads_every_version_of_every_frame(files: dict[Path, Recording]):
    read = _read(PEPPI, list(files))
    for path, made in files.items():
        found = read[str(path)]
        frames = [instance.frame for instance in made.written]
        assert found["id"] == [frame.slp_frame for frame in frames]
        assert found["seed"] == [frame.seed for frame in frames]
        assert found["finalized"] == [instance.finalized_slp_frame for instance in made.written]
        assert found["stage"] == made.setup.stage.stage_id
        assert found["items"] == [[[item.spawn_id, _f32(item.x)] for item in frame.items] for frame in frames]
        for port in made.setup.options.ports:
            posts = [next(f.post for f in frame.fighters if f.port == port) for frame in frames]
            columns = found["ports"][f"P{port + 1}"]
            assert columns["x"] == [_f32(post.x) for post in posts]
            assert columns["y"] == [_f32(post.y) for post in posts]
            assert columns["state"] == [post.action for post in posts]
            assert columns["percent"] == [_f32(post.percent) for post in posts]
            assert columns["hitlag"] == [post.hitlag for post in posts]
            assert columns["instance"] == [post.instance_id for post in posts]
