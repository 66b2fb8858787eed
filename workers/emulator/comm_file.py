"""Write the comm file, which tells Slippi's playback Dolphin which replay to play and where to stop.

The emulator aborts on a value of the wrong type and ignores unknown keys silently, so the file is written
only from typed fields. It is written once, before the start: the emulator notices a rewrite only by whole
seconds of the modification time, and one process plays only one replay here anyway.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from manifests.state.schema import FIRST_SLP_FRAME

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class CommFile:
    """The contents of a comm file: one replay, played once from its first frame.

    Attributes:
        replay: absolute path of the .slp, as the emulator's own working directory is another one.
        end_slp_frame: the last finalized complete frame. The request after it is answered by "terminate";
            without it, the emulator would wait for ever on the last frame of a replay that was cut off.
        command_id: by this, and by the path, the emulator tells two replays apart.

    Raises:
        ValueError: the path is relative, or the frame is before the first.
    """

    replay: Path
    end_slp_frame: int
    command_id: str

    def __post_init__(self) -> None:
        if not self.replay.is_absolute():
            message = f"the comm file needs the replay's absolute path, got {self.replay}"
            raise ValueError(message)
        if self.end_slp_frame < FIRST_SLP_FRAME:
            message = f"a replay ends at slp_frame {FIRST_SLP_FRAME} or later, got {self.end_slp_frame}"
            raise ValueError(message)

    def to_json(self) -> str:
        """Return the file's text. Important defaults are written out, in case the emulator's change."""
        fields = {
            "mode": "normal",  # "mirror" and "queue" behave differently
            "replay": str(self.replay),
            "startFrame": FIRST_SLP_FRAME,
            "endFrame": self.end_slp_frame,
            "commandId": self.command_id,
            "isRealTimeMode": False,  # True skips pictures when it falls behind
            "shouldResync": True,  # position, action, percent and seed are corrected at every frame
            "rollbackDisplayMethod": "off",  # each frame is played once, in its last version
            "outputOverlayFiles": False,  # its files would lie beside the program, shared by all instances
        }
        return json.dumps(fields, indent=2) + "\n"

    def write(self, path: Path) -> None:
        """Write the file under another name and rename it, so that the emulator never reads half of it."""
        half = path.with_suffix(".part")
        half.write_text(self.to_json())
        half.replace(path)
