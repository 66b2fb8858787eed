"""Pictures and clips of a game for people, made from its videos: stills, sheets, moving pictures, clips."""
