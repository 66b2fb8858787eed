"""Take pictures and lines out of Slippi's Dolphin in one stream: a preloaded library and its reader."""
