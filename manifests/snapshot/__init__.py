"""Snapshots: numbered sets of Parquet tables that are compiled from the ledger, and code to read them."""
