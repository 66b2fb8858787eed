"""Times random windows in stock LeRobot, in an environment that has it; prints JSON; imports none of ours.

python _lerobot.py ROOT WINDOW_FRAMES NUM_WINDOWS VIDEO_BACKEND
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import types


def main() -> None:
    """Read random windows with LeRobot, and print their cost as one JSON object."""
    os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported
    # A torchvision built for another torch lacks its operators; LeRobot needs none of them for reading.
    sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")
    from lerobot.datasets.lerobot_dataset import LeRobotDataset  # type: ignore[import-not-found] # noqa: PLC0415

    root, window, count, backend = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    offsets = [step / 60 for step in range(window)]
    camera = "observation.images.game"
    dataset = LeRobotDataset(
        "local/demo", root=root, video_backend=backend, delta_timestamps={camera: offsets, "action": offsets}
    )
    dice = random.Random(0)
    places = [dice.randrange(len(dataset)) for _ in range(count + 3)]
    for place in places[:3]:
        dataset[place]
    wall, cpu = time.perf_counter(), time.process_time()
    frames = sum(dataset[place][camera].shape[0] for place in places[3:])
    seconds = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"windows": count, "frames": frames, **seconds}) + "\n")


if __name__ == "__main__":
    main()
