"""The dataset browser: a small web application that shows any dataset. Begin reading at `server.app`."""
