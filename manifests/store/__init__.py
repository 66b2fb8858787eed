"""Stores, which hold a dataset's objects: their contract, the folder and S3 implementations, and all keys."""
