"""The dataset browser: a small web application over any dataset root. Begin at `server.app`."""
