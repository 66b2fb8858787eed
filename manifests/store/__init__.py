"""Where objects live: the contract of a store, a folder and a bucket that keep it, names of all objects."""
