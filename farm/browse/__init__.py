"""The dataset browser: a small web application over any dataset root. `app` is the place to start."""
