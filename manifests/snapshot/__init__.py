"""Snapshots of the manifests: Parquet tables compiled from the ledger, and how to read them."""
