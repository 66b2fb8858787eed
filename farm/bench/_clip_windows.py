"""Times our loader with clips like MIRA's: 40 pictures at 20 a second, with states; prints JSON.

python -m farm.bench._clip_windows DATASET NUM_CLIPS
"""

from __future__ import annotations

import json
import random
import sys
import time

from manifests.training.open import open_dataset
from manifests.training.windows import WindowSpec


def main() -> None:
    """Read random windows, one per batch, and print the time that they took."""
    root, count = sys.argv[1], int(sys.argv[2])
    dataset = open_dataset(root, window=WindowSpec(40, frame_step=3, start="any"), cache=None, as_torch=False)
    places = [dataset.index.locate(place) for place in random.Random(0).choices(range(len(dataset)), k=count)]
    wall, cpu = time.perf_counter(), time.process_time()
    for place in places:
        dataset.collate(iter([dataset.reader.fetch(*place)]), 1)
    seconds = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"clips": count, **seconds}) + "\n")


if __name__ == "__main__":
    main()
