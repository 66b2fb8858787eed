"""Times random windows in torchcodec, in an environment that has it; prints JSON; imports none of ours.

python _torchcodec_windows.py ROOT WINDOW_FRAMES NUM_WINDOWS
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path


def main() -> None:
    """Read random windows as torchcodec's users do, opening a video for each, and print the time."""
    from torchcodec.decoders import VideoDecoder  # noqa: PLC0415 - the test of ours has none

    root, window, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    videos = sorted(root.glob("videos/*/*/*.mp4"))
    lengths = {path: VideoDecoder(str(path)).metadata.num_frames for path in videos}
    long_enough = [path for path in videos if lengths[path] >= window]
    dice = random.Random(0)
    chosen = dice.choices(long_enough, k=count)
    places = [(path, dice.randrange(lengths[path] - window + 1)) for path in chosen]
    frames = 0
    wall, cpu = time.perf_counter(), time.process_time()
    for path, start in places:
        video = VideoDecoder(str(path), seek_mode="approximate", num_ffmpeg_threads=1)
        frames += int(video.get_frames_in_range(start, start + window).data.shape[0])
    seconds = {"wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    sys.stdout.write(json.dumps({"windows": count, "frames": frames, **seconds}) + "\n")


if __name__ == "__main__":
    main()
