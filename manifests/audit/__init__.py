"""Audit whether a dataset's objects are what its records say, at four depths, on a store or a copy."""
