"""Times random clips in stock MIRA, in an environment with its dependencies; prints JSON.

python _mira_clips.py MIRA_CHECKOUT SPLIT_FOLDER NUM_CLIPS NUM_PICTURES
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path


def main() -> None:
    """Read random clips of NUM_PICTURES pictures at 20 a second, and print the time that they took."""
    sys.path.insert(0, sys.argv[1] + "/src")
    from mira.data import KeyVocab, RocketScienceDataset  # type: ignore[import-not-found] # noqa: PLC0415

    folder, count, pictures = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    keys = json.loads((folder / "index.json").read_text())["export"]["keys"]
    data = RocketScienceDataset.from_local(str(folder), vocab=KeyVocab(tuple(keys)))
    names = random.Random(0).choices(data.match_ids(), k=count)
    clips = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for name in names:
        clips += len(data.load_match(name, clip_len=pictures, target_fps=20, clip_ids=[0]))
    seconds = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"clips": clips, **seconds}) + "\n")


if __name__ == "__main__":
    main()
