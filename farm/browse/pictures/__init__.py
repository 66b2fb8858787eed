"""Makes pictures and clips of a game for people: stills, contact sheets, moving pictures, clips."""
