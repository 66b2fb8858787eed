"""Fetch, check and unpack the files that a run needs on each machine that renders."""
