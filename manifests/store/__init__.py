"""Where objects live: the contract of a store, a folder and an S3 bucket that keep it, all keys."""
