"""What a dataset holds, asked in SQL: games under filters, moments, numbers for charts."""
