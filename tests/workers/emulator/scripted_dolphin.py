"""Acts as Slippi's playback Dolphin in tests, by replaying a recording of a real run.

    scripted_dolphin.py RECORDING ARGUMENTS-AS-SLIPPI'S

It prints the recorded lines and writes images under the recorded numbers, in the recorded order, each image
stamped with the slp_frame that the real one's stamp said (those without a stamp are plain). It plays nothing
and emulates nothing: it does what the real program was once seen to do. `record_playback.py` made the
recordings. With --seeds it reads the replay that it is told to play, of as many frames as the recorded one,
and paints the seed of each frame's state below the number, as the stand-in does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np

from manifests.state.schema import FIRST_SLP_FRAME
from manifests.video.stamp import SEED_COLUMN
from tests.manifests.video.stamp_painter import encode_seed, encode_stamp
from workers.replay import read_replay
from workers.replay.state import state_table

WIDTH, HEIGHT, STAMP_ROWS = 640, 480, 16


def image(slp_frame: int | None, seed: int | None) -> bytes:
    """Make a stamped PNG of one grey that depends on the frame; real ones are RGBA, grey is quicker."""
    rows = np.full((HEIGHT, 1 + WIDTH), 64 if slp_frame is None else 80 + slp_frame % 100, np.uint8)
    if slp_frame is not None:
        rows[-STAMP_ROWS:, 1:] = np.repeat(encode_stamp(slp_frame), WIDTH // 32) * 255
    if seed is not None:
        rows[-STAMP_ROWS // 2 :, 1:] = np.repeat(encode_seed(seed), WIDTH // 32) * 255
    rows[:, 0] = 0  # each row begins with its filter: none

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), level=1)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


def seeds_of(comm_file: Path) -> dict[int, int]:
    """The seed of each frame's state, by slp_frame, of the replay that a comm file names."""
    state = state_table(read_replay(Path(json.loads(comm_file.read_text())["replay"]).read_bytes()))
    seeds = np.where(state.valid(SEED_COLUMN), state.values(SEED_COLUMN), np.uint32(0))
    return {FIRST_SLP_FRAME + row: int(seed) for row, seed in enumerate(seeds)}


def play(recording: Path, frames: Path, replay: str, seeds: dict[int, int]) -> None:
    """Print and write what the recording says."""
    begun: dict[str, object] = {}
    for note in recording.read_text().splitlines():
        verb, _, rest = note.partition(" ")
        if verb == "said":
            sys.stdout.write(rest.replace("REPLAY", replay) + "\n")
            sys.stdout.flush()  # line by line, as the real program does
        elif verb == "half":
            sys.stdout.write(rest)  # a line that is cut off
            sys.stdout.flush()
        elif verb == "begun":
            begun[rest] = (frames / f"framedump_{rest}.png").open("wb")
        elif verb == "written":
            number, slp_frame = rest.split()
            with begun.pop(number) as file:
                shown = None if slp_frame == "-" else int(slp_frame)
                file.write(image(shown, None if shown is None else seeds.get(shown)))
        elif verb == "ended":
            if int(rest) < 0:
                os.kill(os.getpid(), -int(rest))
            sys.exit(int(rest))


def main() -> None:
    """Play the recording, then wait for ever, as the real program does at the end of a replay."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("recording", type=Path)
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--help", action="store_true")
    for name in ("--exec", "--user", "--slippi-input"):
        parser.add_argument(name)
    for name in ("--batch", "--cout", "--hide-seekbar", "--seeds"):
        parser.add_argument(name, action="store_true")
    options = parser.parse_args()
    if options.version or options.help:
        sys.stdout.write("3.1.0\n" if options.version else "-i, --slippi-input=<str>\n")
        sys.exit(255)
    if not os.environ.get("DISPLAY"):
        sys.stderr.write("Error: Unable to initialize GTK+, is DISPLAY set properly?\n")
        sys.exit(255)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seeds = seeds_of(Path(options.slippi_input)) if options.seeds else {}
    play(options.recording, Path(options.user) / "Dump" / "Frames", "/replays/game.slp", seeds)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
