"""Reads random frames by stock LeRobot, compares each picture's stamp with its row, and prints JSON.

    python stock_lerobot.py ROOT NUM_FRAMES VIDEO_BACKEND

The script runs in an environment with lerobot, and imports nothing of ours, so it reads the stamp by its
description alone.
"""

import json
import random
import sys
import types

# A torchvision built for another torch lacks its operators; LeRobot needs none of them to read.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")

from lerobot.datasets.lerobot_dataset import LeRobotDataset  # noqa: E402 - after the stand-in above


def stamp_of(picture) -> int:
    """Read slp_frame from the stamp's upper 8 rows: 32 cells of 20 px, 24 bits of slp_frame + 123, a CRC."""
    cells = picture.mean(dim=0)[464:472].reshape(8, 32, 20)[2:6, :, 5:15].mean(dim=(0, 2))
    bits = "".join("1" if cell > 0.5 else "0" for cell in cells.tolist())
    return int(bits[:24], 2) - 123


def main() -> None:
    root, num_frames = sys.argv[1], int(sys.argv[2])
    dataset = LeRobotDataset("local/demo", root=root, video_backend=sys.argv[3])
    mismatches = 0
    for place in random.Random(0).choices(range(len(dataset)), k=num_frames):
        item = dataset[place]
        mismatches += stamp_of(item["observation.images.game"]) != item["slp_frame"].item()
    found = {"frames": num_frames, "mismatches": mismatches, "episodes": dataset.num_episodes}
    sys.stdout.write(json.dumps(found) + "\n")


main()
