"""Everything that the page of one game shows, and that of one game in two datasets."""
