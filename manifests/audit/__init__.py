"""Does a dataset hold what it says it holds? At four depths, on a store or on a downloaded copy."""
