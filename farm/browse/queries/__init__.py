"""SQL queries on a dataset: games that pass filters, moments, and numbers for charts."""
