"""Reads random clips of an export by stock MIRA, and prints a line of JSON about each clip.

    python stock_mira.py MIRA_CHECKOUT SPLIT_FOLDER NUM_CLIPS CLIP_LEN TARGET_FPS [KEY ...]

It runs in an environment with MIRA's dependencies and torchcodec, and imports nothing of ours, so the stamp
is read by its description alone. The last line is {"seconds": ...}, the processor time that MIRA took.
"""

import json
import random
import sys
import time

sys.path.insert(0, sys.argv[1] + "/src")
from mira.data import KeyVocab, RocketScienceDataset


def stamp_of(picture) -> int:
    """Read slp_frame from the stamp of a picture, uint8 [3, H, W].

    The stamp's upper strip has 32 cells, of which the first 24 are the bits of slp_frame + 123.
    """
    height, width = picture.shape[1:]
    cell, rows = width / 32, height * 8 / 480
    bits = ""
    for number in range(24):
        left = round(number * cell + cell / 4)
        top = round(height - 2 * rows + rows / 4)
        part = picture[:, top : top + max(1, round(rows / 2)), left : left + max(1, round(cell / 2))]
        bits += "1" if part.float().mean() > 127 else "0"
    return int(bits, 2) - 123


def main() -> None:
    folder, num_clips, clip_len, fps = sys.argv[2], *map(int, sys.argv[3:6])
    data = RocketScienceDataset.from_local(folder, vocab=KeyVocab(tuple(sys.argv[6:]), on_unknown="error"))
    rng, seconds = random.Random(0), 0.0
    places = {}
    for match_id in data.match_ids():
        entry = data.matches[match_id]
        places[match_id] = len(data._plan_match(entry, clip_len, fps).plan)
    wanted = rng.choices(
        [(name, clip) for name, count in places.items() for clip in range(count)], k=num_clips
    )
    for match_id, clip_id in wanted:
        began = time.process_time()
        (clip,) = data.load_match(match_id, clip_len=clip_len, target_fps=fps, clip_ids=[clip_id])
        seconds += time.process_time() - began
        found = {
            "match_id": match_id,
            "stamps": [stamp_of(picture) for picture in clip.frames[0]],
            "physics": [line["slp_frame"] for line in clip.physics[0]],
            "actions": [row.nonzero().flatten().tolist() for row in clip.actions[0]],
            "events": [[one.event_name, one.frame_index(clip.src_fps, 0.0)] for one in clip.events],
            "first": clip.global_frame_indices[0],
            "size": list(clip.frames.shape),
        }
        sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")


main()
